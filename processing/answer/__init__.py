"""How the server answers: what runs inside DaCHS, in the system's Python, and in place of which of its own parts.

Every module that changes DaCHS has a function ``use_in_dachs``, called in each of its processes by launch.py; what a
module does not cover stays DaCHS's.
"""
