"""A branch of the pyramid: the tiles at its tips, and each coarser tile from its four children, up to its root."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from processing.formats.whole import whole_file
from processing.hips.levels import cells_of
from processing.hips.pictures import grey, in_colours, write_picture
from processing.hips.render import render
from processing.hips.tiles import cells_seen, joined, read_tile, write_tile

COLOUR = "colour"

STRIDE = 3
"""Orders from the tips of a branch to its root: 64 tips, each with four files of a megabyte or less."""

SEEN_ORDERS = 5
"""Orders below a tile at which it is told what was seen: 1/32 of its side, 13 arcsec for the deepest tiles."""


@dataclass(frozen=True)
class Branch:
    """A piece of the work.

    ``folder``: of all HiPS; ``order``: of the tips; ``root``: number of the tile STRIDE orders above them (or of order
    0 when that is nearer); ``tips``: tile to the numbers of the images that touch it, empty when the tips are there;
    ``found``, ``levels``: Source and level of these images; ``noise``: band to its noise, MJy/sr.
    """

    folder: str
    order: int
    root: int
    tips: dict
    found: dict
    levels: dict
    noise: dict

    @property
    def root_order(self):
        return max(self.order - STRIDE, 0)

    @property
    def is_coloured(self):
        """Whether there are bands to make colours of."""
        return len(self.noise) > 1

    @property
    def record(self):
        """The file that says that the branch is finished."""
        return Path(self.folder) / "units" / f"{self.order}-{self.root}.json"


def grow(branch):
    """Make a branch unless its record says that it is there; what the record says.

    ``tiles``: name of the HiPS to order to the number of tiles written; ``seen``: name to the HEALPix cells,
    SEEN_ORDERS below the tips, in which something was seen, where the tips were drawn.
    """
    if branch.record.is_file():
        return json.loads(branch.record.read_text())
    account = {"tiles": {}, "seen": {}}
    for tile, numbers in branch.tips.items():
        images = draw(branch, tile, numbers)
        _put(branch, branch.order, tile, images, account)
        _see(branch, tile, images, account["seen"])
    numbers = sorted(branch.tips) or _descendants(branch)
    for order in range(branch.order - 1, branch.root_order - 1, -1):
        numbers = sorted({tile // 4 for tile in numbers})
        for tile in numbers:
            _put(branch, order, tile, _of_children(branch, order, tile), account)
    with whole_file(branch.record) as partial:
        partial.write_text(json.dumps(account))
    return account


def draw(branch, tile, numbers):
    """A tile at the tip of a branch from the images with these numbers: band to brightness, where anything is seen."""
    images = {}
    for band in branch.noise:
        own = [number for number in numbers if branch.found[number].band == band]
        images[band] = render(branch.order, tile, [branch.found[n] for n in own], [branch.levels[n] for n in own])
    return _seen_in(images)


def _of_children(branch, order, tile):
    """The same from its four children."""
    children = range(4 * tile, 4 * tile + 4)
    return _seen_in({band: joined([read_tile(Path(branch.folder) / band, order + 1, child) for child in children])
                     for band in branch.noise})  # fmt: skip


def _seen_in(images):
    return {band: image for band, image in images.items() if np.isfinite(image).any()}


def _put(branch, order, tile, images, account):
    """Write and count the FITS tile and the picture of each band, and the picture in colours."""
    folder = Path(branch.folder)
    for band, image in images.items():
        write_tile(folder / band, order, tile, image)
        write_picture(folder / band, order, tile, grey(image, branch.noise[band]))
    if images and branch.is_coloured:
        write_picture(folder / COLOUR, order, tile, in_colours(images, branch.noise))
    for name in _names(branch, images):
        tiles = account["tiles"].setdefault(name, {})
        tiles[str(order)] = tiles.get(str(order), 0) + 1


def _see(branch, tile, images, seen):
    """Add the cells in which a tile has anything to ``seen``."""
    where = {band: np.isfinite(image) for band, image in images.items()}
    for name in _names(branch, images):
        here = np.any(list(where.values()), axis=0) if name == COLOUR else where[name]
        seen.setdefault(name, []).extend(cells_seen(tile, here, SEEN_ORDERS).tolist())


def _names(branch, images):
    """The HiPS that a tile of these bands is part of."""
    return [*images, COLOUR] if images and branch.is_coloured else list(images)


def _descendants(branch):
    """Numbers of the tips that a branch may have."""
    orders = branch.order - branch.root_order
    return range(branch.root << 2 * orders, branch.root + 1 << 2 * orders)


def tips_of(found, order):
    """Tile of this order to the numbers of the images that touch it."""
    tips = {}
    for number, source in enumerate(found):
        for tile in cells_of(source, order):
            tips.setdefault(tile, []).append(number)
    return tips
