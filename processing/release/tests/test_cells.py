"""The sky in cells: every row in one, none too full, and what surely lies in a cell or around it."""

import numpy as np
import pytest

from processing.errors import SurveyError
from processing.release.sky.cells import (
    Cells, depth_order, histogram, is_inside, partition, pixels_of, ranges, ring, rows_in, spatial_index,
)  # fmt: skip


@pytest.fixture(scope="module")
def sky():
    """Places all over the sphere, two thousand of them in a cluster, and at both poles; sorted by their index."""
    rng = np.random.default_rng(5)
    ra = np.concatenate([rng.uniform(0, 360, 6000), 45 + rng.normal(0, 0.3, 2000), rng.uniform(0, 360, 400)])
    dec = np.concatenate([np.degrees(np.arcsin(rng.uniform(-1, 1, 6000))), rng.normal(0, 0.3, 2000),
                          np.repeat([89.999, -89.999], 200)])  # fmt: skip
    index = spatial_index(ra, dec)
    order = np.argsort(index)
    return ra[order], dec[order], index[order]


def cut(index, most=300, order=8):
    return partition(*histogram(index, order), order, most)


def test_each_row_lies_in_one_cell_and_no_cell_is_too_full_nor_its_parent_small_enough(sky):
    index = sky[2]
    cells = cut(index)
    rows = [rows_in(index, cells.begin[n:n + 1], cells.end[n:n + 1]) for n in range(len(cells))]
    assert np.array_equal(np.concatenate(rows), np.arange(len(index)))
    assert max(map(len, rows)) <= 300 and len(set(cells.order.tolist())) > 1
    for order, pixel in zip(cells.order.tolist(), cells.pixel.tolist()):
        assert order == 0 or (pixels_of(index, order - 1) == pixel >> 2).sum() > 300


def test_a_pixel_too_full_at_the_finest_order_is_refused(sky):
    with pytest.raises(SurveyError, match="partition_order must be larger"):
        cut(sky[2], most=100, order=3)


def moved(ra, dec, distance, angle):
    """Positions (deg) ``distance`` (arcsec) from others in the direction ``angle``."""
    from astropy import units
    from astropy.coordinates import SkyCoord

    place = SkyCoord(ra, dec, unit="deg").directional_offset_by(angle * units.deg, distance * units.arcsec)
    return place.ra.deg, place.dec.deg


@pytest.mark.parametrize("distance", (0.3, 12.0, 500.0, 20_000.0))
def test_what_is_inside_a_cell_stays_there_when_moved_by_the_distance(sky, distance):
    ra, dec, index = sky
    cells = cut(index)
    rows, cell = zip(*(_inside(index, cells, n, distance) for n in range(len(cells))))
    rows, cell = np.concatenate(rows), np.concatenate(cell)
    for angle in (0, 45, 90, 135, 180, 225, 270, 315):
        there = spatial_index(*moved(ra[rows], dec[rows], 0.999 * distance, angle))
        assert ((there >= cells.begin[cell]) & (there < cells.end[cell])).all()
    assert len(rows) > {0.3: 8200, 12.0: 7700, 500.0: 4000, 20_000.0: -1}[distance]


def _inside(index, cells, n, distance):
    """Rows of cell ``n`` that are deeper than ``distance`` in it, and ``n`` for each of them."""
    rows = rows_in(index, cells.begin[n:n + 1], cells.end[n:n + 1])
    rows = rows[is_inside(index[rows], np.full(len(rows), distance), int(cells.order[n]), int(cells.pixel[n]))]
    return rows, np.full(len(rows), n)


def test_places_closer_than_the_distance_lie_in_the_pixel_or_its_ring(sky):
    """Also at the poles, where pixels are narrow; the order is the finest allowed."""
    ra, dec, index = (values[::20] for values in sky)
    distance = 30.0
    order = int(depth_order(distance))
    for angle in range(0, 360, 30):
        there = spatial_index(*moved(ra, dec, 0.999 * distance, angle))
        for here, other in zip(pixels_of(index, order).tolist(), there.tolist()):
            if other >> 2 * (29 - order) != here:
                begin, end = ring(order - 1, here >> 2, order)
                assert (other >> 2 * (29 - order) >> 2 == here >> 2) or ((begin <= other) & (other < end)).any()


def test_ranges_join_neighbours_and_find_the_cells_that_hold_them():
    begin, end = ranges(np.array([3, 4, 5, 9]), 29)
    assert (begin.tolist(), end.tolist()) == ([3, 9], [6, 10])
    cells = Cells(np.array([29, 29, 28, 29]), np.array([1, 5, 2, 20]))  # 1, 5, 8-11, 20
    assert cells.holding(begin, end).tolist() == [1, 2]
    assert cells.holding(np.array([12]), np.array([20])).tolist() == []
    assert rows_in(np.array([1, 3, 3, 6, 9, 9]), begin, end).tolist() == [1, 2, 4, 5]
