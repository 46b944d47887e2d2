"""What can be wrong with what a user gives us, told in one sentence."""


class SurveyError(Exception):
    """Bad input or a missing condition: the message says what was expected, what was found and where.

    The command line prints the message without a stack trace and exits with status 1.
    """
