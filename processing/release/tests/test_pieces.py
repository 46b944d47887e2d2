"""Ellipses of galaxies on the sky: who lies in one, what is a piece of it, what a companion."""

import numpy as np
import pytest

from processing.release.extended.pieces import inside_ellipses, judge_pieces, offsets


def galaxies(ra, dec, axis, ratio=0.5, angle=0.0):
    n = len(np.atleast_1d(ra))
    values = {"ra": ra, "dec": dec, "axis": axis, "ratio": ratio, "angle": angle}
    return {name: np.broadcast_to(np.asarray(value, float), n).copy() for name, value in values.items()}


@pytest.mark.parametrize("ra, dec", [(10.0, 0.0), (359.9999, -45.0), (200.0, 89.5), (0.00001, 60.0)])
def test_offsets_are_east_and_north_everywhere(ra, dec):
    from astropy import units
    from astropy.coordinates import SkyCoord

    place = SkyCoord(ra, dec, unit="deg")
    for angle in (0, 40, 90, 200, 315):
        there = place.directional_offset_by(angle * units.deg, 100 * units.arcsec)
        east, north = offsets(np.array([ra]), np.array([dec]), np.array([there.ra.deg]), np.array([there.dec.deg]))
        assert east[0] == pytest.approx(100 * np.sin(np.radians(angle)), abs=0.01)
        assert north[0] == pytest.approx(100 * np.cos(np.radians(angle)), abs=0.01)


def test_the_ellipse_is_long_along_its_position_angle():
    one = galaxies([50.0], 20.0, 40.0, 0.25, 90.0)  # along the parallel
    step = 30 / 3600
    ra = np.array([50.0 + step / np.cos(np.radians(20.0)), 50.0, 50.0])
    dec = np.array([20.0, 20.0 + step, 20.0 + 9 / 3600])
    place, galaxy, radius = inside_ellipses(ra, dec, one)
    assert place.tolist() == [0, 2] and galaxy.tolist() == [0, 0]
    assert radius == pytest.approx([0.75, 0.9], abs=1e-3)
    assert inside_ellipses(ra, dec, one, 3.1)[0].tolist() == [0, 1, 2]


def test_pieces_are_fainter_and_inside_and_companions_are_not_much_fainter():
    ra = np.full(5, 30.0)
    dec = 10.0 + np.array([0.0, 20.0, 25.0, 100.0, -20.0]) / 3600
    some = galaxies(ra, dec, [50.0, 8.0, 8.0, 8.0, 20.0])
    piece, companion = judge_pieces(some, np.array([9.0, 12.0, 10.5, 13.0, 10.0]))
    assert piece.tolist() == [False, True, False, False, False]
    assert companion.tolist() == [False, False, True, False, True]


def test_a_piece_is_nobodys_parent_and_order_does_not_matter():
    """A long arm that was cut off, itself large, with a galaxy behind it: only the big galaxy judges."""
    ra, dec = np.full(3, 30.0), 10.0 + np.array([0.0, 45.0, 65.0]) / 3600
    axis, magnitude = np.array([60.0, 25.0, 5.0]), np.array([8.0, 11.0, 13.5])
    for order in ([0, 1, 2], [2, 0, 1], [1, 2, 0]):
        piece, companion = judge_pieces(galaxies(ra[order], dec[order], axis[order], 0.9), magnitude[order])
        assert piece.tolist() == [n == 1 for n in order] and not companion.any()


def test_small_galaxies_have_no_pieces_and_none_at_all_are_fine():
    some = galaxies([30.0, 30.0], [10.0, 10.0 + 5 / 3600], [10.0, 4.0])
    assert not np.any(judge_pieces(some, np.array([10.0, 14.0])))
    piece, companion = judge_pieces(galaxies(np.empty(0), np.empty(0), np.empty(0)), np.empty(0))
    assert len(piece) == len(companion) == 0
