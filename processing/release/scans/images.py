"""The Atlas Images of a release: each under its night and scan."""

import os
import shutil
from pathlib import Path

from processing.errors import SurveyError
from processing.formats.checksum import check_fingerprint
from processing.formats.whole import whole_file
from processing.release.scans.observations import image_name


def place_images(folder, images):
    """Put ``images`` (pairs of a field's folder and a row of its images) into the release ``folder``: hard links to the
    fields' files, or copies on another file system.

    Returns their fingerprints by name in the release. SurveyError when two of one scan have the same name.
    """
    placed = {}
    for path, image in images:
        source, name = Path(path) / image["file"], image_name(image)
        if name in placed:
            raise SurveyError(f"{source}: two images of one scan have the name {Path(name).name}")
        placed[name] = {"bytes": image["bytes"], "sha256": image["sha256"]}
        _link_or_copy(source, Path(folder) / name, image)
    return placed


def _link_or_copy(source, target, image):
    with whole_file(target) as partial:
        try:
            os.link(source, partial)
        except OSError:
            shutil.copyfile(source, partial)
            check_fingerprint(partial, image)
