"""Checksums of files."""

import hashlib
from pathlib import Path

from processing.errors import SurveyError


def sha256_of(path):
    """SHA-256 of a file's bytes, 64 hexadecimal digits; SurveyError when the file cannot be read."""
    try:
        with Path(path).open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise SurveyError(f"{path}: cannot be read: {error.strerror}") from error


def fingerprint(path):
    """What a manifest says of a file: ``{"bytes": size, "sha256": digest}``."""
    return {"bytes": Path(path).stat().st_size, "sha256": sha256_of(path)}


def check_fingerprint(path, expected):
    """SurveyError when the file at ``path`` is missing or differs from its ``fingerprint``."""
    path = Path(path)
    if not path.is_file():
        raise SurveyError(f"{path}: the file is missing")
    if path.stat().st_size != expected["bytes"]:
        raise SurveyError(f"{path}: expected {expected['bytes']} bytes, found {path.stat().st_size}")
    if sha256_of(path) != expected["sha256"]:
        raise SurveyError(f"{path}: SHA-256 differs from the one recorded when it was written")
