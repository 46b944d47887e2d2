"""Where stars fall on the frames, against the Solution itself."""

from dataclasses import replace

import numpy as np
import pytest

from processing.atlas.grid import strip_grid
from processing.photometry.scan.kernels import FIT
from processing.photometry.scan.places import CELL, Mapping, apparitions
from processing.photometry.scan.tests import synthetic

MAS = 1 / 2000
"""Pixels of a frame in a thousandth of an arcsec."""


@pytest.fixture(scope="module", params=[1, -1], ids=["northward", "southward"])
def field(request):
    """Solution, grid and Mapping of a scan that is turned by 0.4 deg, with strong distortion."""
    sky = synthetic.solution(rotation=0.4, distortion=0.2)
    if request.param < 0:
        sky = backward(sky)
    grid = strip_grid(sky)
    return sky, grid, Mapping(sky, synthetic.BAND, grid)


def backward(sky):
    """The same frames in the other order."""
    return replace(sky, reported=tuple(a[::-1].copy() for a in sky.reported))


@pytest.fixture(scope="module")
def places(field):
    rng, (rows, columns) = np.random.default_rng(2), field[1].shape
    return rng.uniform(-10, columns + 10, 3000), rng.uniform(-10, rows + 10, 3000)


def test_places_are_kept_to_a_milliarcsec(field, places):
    sky, grid, mapping = field
    u, v = synthetic.pixels(sky, grid, *places)
    frame, star = np.nonzero((np.abs(u - 127.5) < 132) & (np.abs(v - 127.5) < 132))
    x, y = mapping.pixel(frame, places[0][star], places[1][star])
    assert len(star) > 10000
    assert max(np.abs(x - u[frame, star]).max(), np.abs(y - v[frame, star]).max()) < MAS


def test_the_jacobian_is_that_of_the_solution(field):
    """In the middle of the frame to 1e-5; anywhere else it is off by what the distortion, 0.3 pixel in the corners,
    does within one frame: 0.5%."""
    sky, grid, mapping = field
    frames = np.arange(len(sky.frames))
    for away, tolerance in ((0.0, 1e-5), (230.0, 5e-3)):
        x, y = mapping.middle.T + away
        for axis, (dx, dy) in enumerate(((1, 0), (0, 1))):
            ends = [synthetic.pixels(sky, grid, x + s * dx, y + s * dy) for s in (1, -1)]
            found = np.array([(a - b)[frames, frames] / 2 for a, b in zip(*ends)])
            assert np.abs(mapping.jacobian[:, :, axis] - found.T).max() < tolerance


def test_every_apparition_is_there_once(field, places):
    """A star on a frame, or so near that its fitted area reaches it, and no other pair."""
    sky, grid, mapping = field
    seen = apparitions(*places, mapping)
    u, v = synthetic.pixels(sky, grid, *places)
    beyond = np.maximum(np.abs(u - 127.5), np.abs(v - 127.5)) - 128 - FIT
    pairs = set(zip(seen.star.tolist(), seen.frame.tolist()))
    frame, star = np.nonzero(beyond < -0.01)
    assert len(pairs) == len(seen.star) and pairs >= set(zip(star.tolist(), frame.tolist()))
    assert (beyond[seen.frame, seen.star] < 0.01).all()


def test_apparitions_of_one_cell_of_a_frame_come_together(field, places):
    seen = apparitions(*places, field[2])
    row, column = (np.clip(np.rint(a) // CELL, 0, 15) for a in (seen.y, seen.x))
    cells = list(zip(seen.frame, row, column))
    changes = [k for k in range(1, len(cells)) if cells[k] != cells[k - 1]]
    assert len(changes) + 1 == len(set(cells)) == len(set(seen.key.tolist()))
    assert (np.diff(seen.frame) >= 0).all()


def test_by_star_lists_each_stars_apparitions_by_frame(field, places):
    seen = apparitions(*places, field[2])
    begin, order = seen.by_star
    for s in (0, 17, 2999):
        mine = order[begin[s]:begin[s + 1]]
        assert set(mine) == set(np.flatnonzero(seen.star == s)) and (np.diff(seen.frame[mine]) > 0).all()
    assert begin[-1] == len(seen.star)


def test_moved_stars_are_where_the_solution_has_them(field, places):
    """After half an arcsec: the jacobian's 0.5% in the corners are 2.5 mas, seldom."""
    sky, grid, mapping = field
    rng = np.random.default_rng(3)
    dx, dy = rng.uniform(-0.5, 0.5, (2, len(places[0])))
    before = apparitions(*places, mapping)
    after = before.moved(dx, dy)
    u, v = synthetic.pixels(sky, grid, places[0] + dx, places[1] + dy)
    wrong = np.hypot(after.x - u[after.frame, after.star], after.y - v[after.frame, after.star])
    assert np.median(wrong) < MAS and wrong.max() < 4 * MAS
    assert np.hypot(after.x - before.x, after.y - before.y).max() > 0.3


def test_a_scan_without_stars_has_no_apparitions(field):
    nobody = apparitions(np.zeros(0), np.zeros(0), field[2])
    assert len(nobody.star) == nobody.stars == 0
    assert nobody.by_star[0].tolist() == [0] and len(nobody.key) == 0
