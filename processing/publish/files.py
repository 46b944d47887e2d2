"""The catalog of a release as files to download, with their checksums and notes: everything but the images.

They are linked, or copied where that cannot be, into the release's folder below DaCHS's folder of inputs.
"""

import json

from processing.formats.whole import whole_folder
from processing.publish.images import FOLDER, give_to, link_or_copy

FILES = "files"
SUMS = "SHA256SUMS"
NOT_HERE = ("atlas/", "apparitions/", "extended_apparitions.")
"""Images have addresses of their own; apparitions are for the Level 1 table."""


def place_files(place, store, release):
    """Put them into the folder of ``store``, unless they are there."""
    from processing.publish.front.page import notes

    folder = place.inputs / FOLDER / store / FILES
    if folder.exists():
        return
    sums = checksums(release)
    with whole_folder(folder) as partial:
        for name in sums:
            link_or_copy(release.path / name, partial / name, place.account)
        (partial / SUMS).write_text("".join(f"{digest}  {name}\n" for name, digest in sums.items()))
        level1 = partial / "level1.json"
        content = notes(release.content, json.loads(level1.read_text()) if level1.is_file() else None)
        (partial / "notes.html").write_text(content, encoding="utf-8")
        give_to(partial, place.account)


def checksums(release):
    """Name to SHA-256 of every file that is offered."""
    offered = {name: mark["sha256"] for name, mark in release.files.items() if not name.startswith(NOT_HERE)}
    return {**offered, "release.json": release.sha256}
