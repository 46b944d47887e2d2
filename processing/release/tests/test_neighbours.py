"""prox, pxpa and pxcntr against those that the survey itself published."""

import numpy as np

from processing.formats.tests.real_rows import real_points
from processing.release.sky.neighbours import nearest_neighbours


def real(*names):
    return [np.array(real_points()[name].to_pylist()) for name in names]


def test_real_rows_get_their_published_neighbours():
    ra, dec, keys, neighbours, prox, pxpa = real("ra", "dec", "pts_key", "pxcntr", "prox", "pxpa")
    ours = nearest_neighbours(ra, dec, keys)
    inside = np.isin(neighbours, keys)  # the neighbour of the others lies outside the 683 rows
    assert inside.sum() == 666
    assert np.array_equal(ours[2][inside], neighbours[inside])
    assert np.abs(ours[0] - prox)[inside].max() < 0.05
    assert np.array_equal(ours[1][inside], pxpa[inside])
    assert (ours[0] > prox - 0.05)[~inside].all()


def test_a_lone_source_has_no_neighbour():
    prox, pxpa, pxcntr = nearest_neighbours(np.array([10.0]), np.array([-30.0]), np.array([7]))
    assert prox.mask.all() and pxpa.mask.all() and pxcntr.mask.all()


def test_no_sources_have_no_neighbours():
    assert [len(part) for part in nearest_neighbours(np.array([]), np.array([]), np.array([], int))] == [0, 0, 0]


def test_two_sources_at_one_place_are_each_others_neighbour_without_direction():
    ra, dec = np.array([10.0, 10.0, 10.01]), np.array([0.0, 0.0, 0.0])
    prox, pxpa, pxcntr = nearest_neighbours(ra, dec, np.array([1, 2, 3]))
    assert prox[:2].tolist() == [0.0, 0.0]
    assert pxcntr[:2].tolist() == [2, 1]
    assert pxpa.mask.tolist() == [True, True, False]


def test_direction_is_east_of_north_also_across_zero_and_near_the_pole():
    ra, dec = np.array([359.9999, 0.0001]), np.array([60.0, 60.0])
    assert nearest_neighbours(ra, dec, np.array([1, 2]))[1].tolist() == [90, 270]
    ra, dec = np.array([0.0, 180.0]), np.array([89.9999, 89.9999])
    prox, pxpa, _ = nearest_neighbours(ra, dec, np.array([1, 2]))
    assert pxpa.tolist() == [0, 0]
    assert prox.tolist() == [0.7, 0.7]
