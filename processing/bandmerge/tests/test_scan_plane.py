"""The plane of a scan against the frames themselves: when, where on the array, how deep, which image, what errors."""

import numpy as np
import pytest

from processing.bandmerge.catalog import catalog_columns, merge_sources
from processing.bandmerge.tests.lists import band_sources
from processing.bandmerge.tests.scans import PERIOD, depth, plane_of, solved, times
from processing.sphere import separation

SECOND = 1 / 86400


def places(plane, rng, n=4000):
    """Random pixels on and around the scan."""
    rows, columns = plane.grid.shape
    return rng.uniform(0, columns, n), rng.uniform(0, rows, n)


@pytest.mark.parametrize("south", [False, True])
def test_a_source_in_the_middle_of_a_frame_has_its_time(south):
    solution = solved(south=south)
    plane = plane_of(solution)
    frames = np.arange(5, 55)
    ra, dec = np.mean([solution.sky(band, frames, 127.5, 127.5) for band in solution.bands], axis=0)
    x, y = plane.grid.wcs.wcs_world2pix(ra, dec, 0)
    jdate = plane.observation(x, y)["jdate"] - 2400000.5
    assert np.abs(jdate - times()[frames]).max() < 0.51 * PERIOD * SECOND


def test_the_time_is_the_mean_of_the_frames_that_hold_the_source():
    solution, rng = solved(shift=(0.0, 0.0)), np.random.default_rng(1)
    plane = plane_of(solution)
    x, y = places(plane, rng)
    x = np.clip(x, 60, plane.grid.shape[1] - 60)
    ra, dec = plane.sky_position(x, y)
    _, row = solution.pixel("j", np.arange(60)[:, None], ra[None], dec[None])
    held = np.abs(row - 127.5) < 128
    seen = held.any(axis=0)
    true = (held * times()[:, None]).sum(axis=0)[seen] / held.sum(axis=0)[seen]
    jdate = plane.observation(x, y)["jdate"][seen] - 2400000.5
    assert np.abs(jdate - true).max() < 0.6 * PERIOD * SECOND
    assert np.median(np.abs(jdate - true)) < 0.06 * SECOND


def test_x_scan_is_the_distance_from_the_middle_of_the_arrays():
    """The middle of the arrays is the mean of the bands: Ks, 6 arcsec beside, moves it by 2."""
    solution = solved()
    plane = plane_of(solution)
    for column in (20.0, 127.5, 240.0):
        x, y = plane.grid.wcs.wcs_world2pix(*solution.sky("j", np.arange(10, 50), column, 127.5), 0)
        expected = (column - 127.5) * 2.0 + 2.0
        np.testing.assert_allclose(plane.observation(x, y)["x_scan"], expected, atol=0.15)


@pytest.mark.parametrize("dec", [0.0, 70.0])
def test_inside_the_edges_all_bands_are_six_deep_and_outside_one_is_not(dec):
    solution, rng = solved(dec=dec), np.random.default_rng(2)
    plane = plane_of(solution)
    x, y = places(plane, rng)
    edges = plane.edges(x, y)
    nearest = np.minimum(edges["dist_edge_ns"], edges["dist_edge_ew"])
    deep = depth(solution, *plane.sky_position(x, y)).min(axis=0)
    assert (deep[nearest >= 1] >= 6).all()
    assert (deep[nearest <= -1] < 6).all()
    assert (nearest > 10).sum() > 1000 and (nearest < -10).sum() > 500


def test_letters_name_the_nearer_edge():
    plane = plane_of(solved())
    rows, columns = plane.grid.shape
    x, y = np.array([40.0, columns - 40.0]), np.array([480.0, rows - 500.0])
    edges = plane.edges(x, y)
    assert edges["dist_edge_flg"] == ["se", "nw"]
    ra, dec = plane.sky_position(x, y)
    assert ra[0] > ra[1] and dec[0] < dec[1]


def test_frames_that_hold_nothing_do_not_count_for_the_edges():
    usable = {band: np.arange(60) < 50 for band in "jhk"}
    whole, cut = plane_of(solved()), plane_of(solved(), usable=usable)
    assert whole.track.ends[1] - cut.track.ends[1] == pytest.approx(10 * 82.4, abs=0.5)
    assert whole.track.ends[0] == cut.track.ends[0]


def test_the_coadd_is_the_image_in_which_the_source_lies_deepest():
    plane, rng = plane_of(solved()), np.random.default_rng(3)
    x, y = places(plane, rng)
    depths = []
    for image in plane.images:
        a, b = image.wcs.wcs_world2pix(*plane.sky_position(x, y), 0)
        rows, columns = image.shape
        depths.append(np.minimum.reduce([a + 0.5, columns - 0.5 - a, b + 0.5, rows - 0.5 - b]))
    ours = plane.observation(x, y)["coadd"]
    best = np.sort(depths, axis=0)
    clear = best[-1] - best[-2] > 0.5
    assert (ours == plane.image_numbers[np.argmax(depths, axis=0)])[clear].all() and clear.mean() > 0.9
    assert len(set(ours)) == len(plane.images) > 2


def test_a_step_on_the_plane_is_the_step_on_the_sky():
    """Six degrees of plane: away from its middle a pixel is up to 0.14 per cent longer on the sky."""
    plane = plane_of(solved(n=273, dec=60.0))
    x, y = np.full(3, 100.0), np.array([300.0, 11000.0, 22000.0])
    east, north = np.moveaxis(plane.to_sky(x, y) @ np.array([3.0, 40.0]), -1, 0) * plane.pixel_scale
    ra, dec = plane.sky_position(x, y)
    apart = separation(ra, dec, *plane.sky_position(x + 3, y + 40))
    np.testing.assert_allclose(np.hypot(east, north), apart, rtol=1e-4)
    assert (north > 39.9).all() and (east < -2).all()


def test_positions_are_no_better_than_the_frames():
    """0.05 arcsec of frame error; the bands' own errors are next to nothing."""
    plane = plane_of(solved(error=0.05))
    residual = np.zeros((plane.grid.shape[0], plane.grid.shape[1]), np.float32)
    sources = {b: band_sources(b, [100.0, 300.0], [900.0, 2500.0], x_var=1e-8, residual=residual,
                               ndet=np.array([[6, 6], [5, 6]])) for b in "jhk"}  # fmt: skip
    columns = catalog_columns(plane, sources, merge_sources(plane, sources))
    assert set(columns["err_maj"]) == {0.05} and list(columns["ndet"]) == ["666666", "565656"]
    assert list(columns["hemis"]) == ["n", "n"] and list(columns["date"]) == ["1999-07-12"] * 2
