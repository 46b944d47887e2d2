"""The HiPS that are published, as resources/sky.rd asks for them while DaCHS reads it; runs in the system's Python."""

import json
from pathlib import Path

FOLDER, HIPS = Path("inputs") / "releases", "hips"


def published_folder(connect, root):
    """Folder of the published release below DaCHS's root folder; None when nothing is published."""
    with connect() as connection:
        note = next(iter(connection.query("SELECT obj_description(to_regnamespace('published'))")))[0]
    store = json.loads(note)["store"] if note else None
    return Path(root) / FOLDER / store if store else None


def hips_services(connect, root):
    """The HiPS of the published release, each as a dict of str: name, folder, title, description."""
    release = published_folder(connect, root)
    for path in sorted(release.glob(f"{HIPS}/*/properties")) if release else ():
        pairs = dict(map(str.strip, line.split("=", 1)) for line in path.read_text().splitlines() if "=" in line)
        yield {"name": path.parent.name, "folder": str(path.parent), "title": pairs["obs_title"],
               "description": pairs["obs_description"]}


def folder_in(connect, root, name):
    """A folder of the published release as a list with a dict of str; empty when there is none."""
    release = published_folder(connect, root)
    return [{"folder": str(release / name)}] if release and (release / name).exists() else []
