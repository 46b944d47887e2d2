"""What is inside the server is not in a sentence for users."""

import pytest

from processing.answer.error_texts import INSIDE, TOO_LONG, plain


@pytest.mark.parametrize("said, left", [
    ("division by zero\n", "division by zero"),
    ("operator does not exist: text = integer\nLINE 1: ... FOR SELECT ra\n   ^\nHINT:  No operator matches", None),
    ('input is out of range\nCONTEXT:  SQL function "q3c_radial_query" during inlining', "input is out of range"),
    ("not found: /srv/state/gavo/uwsjobs/ab/passwd", "not found: (a file here)"),
    ("see http://www.ivoa.net/rdf/uat/x", "see http://www.ivoa.net/rdf/uat/x"),
    ("ask for J/H and K/s", "ask for J/H and K/s"),
    ("a\0b\ud800c", "a?b?c"), ("x" * 9000, "x" * TOO_LONG + "...")])
def test_what_is_inside_is_left_out(said, left):
    assert plain(said) == (left or "operator does not exist: text = integer")


@pytest.mark.parametrize("said", [
    "'NoneType' object is not subscriptable", "'SetTerm' object has no attribute 'fromClause'",
    "[Errno 2] No such file or directory: 'x'", "maximum recursion depth exceeded", "<_io.BytesIO at 0x7f2a54128690>",
    "string index out of range", "'utf-8' codec can't decode byte 0xff"])
def test_words_of_python_are_known(said):
    assert INSIDE.search(said)


@pytest.mark.parametrize("said", [
    "Could not parse your query: Expected SELECT, found 'S'  (at char 0), (line:1, col:1)",
    "Field RA: 'x' is not a valid literal for RA", "No such vocabulary: nix", "UWS job 'x' could not be located"])
def test_sentences_of_dachs_for_users_are_not_taken_for_pythons(said):
    assert not INSIDE.search(said)
