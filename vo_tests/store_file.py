"""A file etc/store.yaml with other numbers, so that a small release is cut like a large one."""

import yaml

from processing.publish.site import ETC


def store_file(path, others=(), **numbers):
    """Write ``path`` with these ``numbers`` of the section partitions, and connection strings of other servers."""
    content = yaml.safe_load((ETC / "store.yaml").read_text())
    for name, number in numbers.items():
        content["partitions"][name]["value"] = number
    content["servers"]["others"]["value"] = list(others)
    path.write_text(yaml.safe_dump(content))
    return path
