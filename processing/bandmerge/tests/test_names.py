"""Designations, galactic coordinates and neighbours, against published rows."""

import numpy as np
import pytest

from processing.bandmerge.names import designation, designations, galactic, nearest_neighbours
from processing.sphere import position_angle, separation
from processing.formats.tests.atlas_files import real_image
from processing.formats.tests.real_rows import real_points

HALF_STEP = 0.5e-6
"""Published coordinates are rounded to 1e-6 deg, designations were made before the rounding."""


def w44_rows():
    from astropy.io.votable import parse

    array = parse(str(real_image("../psc/w44_psc_south.vot"))).get_first_table().array
    return array["RAJ2000"].data, array["DEJ2000"].data, [str(name) for name in array["ID2MASS"]]


def published():
    rows = real_points().to_pydict()
    ra, dec, names = w44_rows()
    return np.append(rows["ra"], ra), np.append(rows["dec"], dec), rows["designation"] + names


def test_designations_are_those_of_the_published_rows():
    """2,812 rows; a row may differ by one unit in the last place where rounding moved it across a truncation step."""
    ra, dec, names = published()
    ours = designations(ra, dec)
    different = [k for k in range(len(ra)) if ours[k] != names[k][:16]]
    assert len(ra) == 2812
    assert len(different) < 0.05 * len(ra)
    for k in different:
        corners = {designation(ra[k] + a, dec[k] + d) for a in (-HALF_STEP, HALF_STEP) for d in (-HALF_STEP, HALF_STEP)}
        assert names[k][:16] in corners


@pytest.mark.parametrize("ra, dec, name", [
    (0.0, 0.0, "00000000+0000000"), (359.999999, 0.0, "23595999+0000000"), (15.0, -0.00001, "01000000-0000000"),
    (10.0, -89.999999, "00400000-8959599"), (284.0032819, 1.428732889, "18560078+0125434"),
    (59.9999, 30.9999999, "03595997+3100000"), (45.123456, -12.999722, "03002962-1259589"),
])
def test_coordinates_are_truncated_towards_zero(ra, dec, name):
    assert designation(ra, dec) == name


def test_equal_names_are_told_apart():
    names = designations([10.0, 10.00000, 20.0], [5.0, 5.000001, 5.0])
    assert names == ["00400000+0500000A", "00400000+0500000B", "01200000+0500000"]


def test_galactic_coordinates_are_those_of_the_published_rows():
    """To the step of 0.001 deg; the survey's transformation differs from today's by about 0.15 arcsec in longitude."""
    rows = real_points().to_pydict()
    glon, glat = galactic(rows["ra"], rows["dec"])
    assert np.abs(glon - rows["glon"]).max() < 0.00101 and np.abs(glat - rows["glat"]).max() < 0.00101
    assert (np.abs(glon - rows["glon"]) < 1e-6).mean() > 0.95


def test_neighbours_are_those_of_the_published_rows():
    """Wherever the published neighbour is among the rows: same distance and angle, which points to the neighbour."""
    rows = real_points().to_pydict()
    row_of = {key: k for k, key in enumerate(rows["pts_key"])}
    pairs = [(k, row_of[other]) for k, other in enumerate(rows["pxcntr"]) if other in row_of]
    here, there = np.array(pairs).T
    ra, dec = np.array(rows["ra"]), np.array(rows["dec"])
    pair = ra[here], dec[here], ra[there], dec[there]
    distance, angle = separation(*pair), position_angle(*pair)
    assert len(pairs) > 600
    assert np.abs(distance - np.array(rows["prox"])[here]).max() < 0.11
    turn = np.mod(angle - np.array(rows["pxpa"])[here] + 180, 360) - 180
    assert np.abs(turn).max() < 1.5


def test_nearest_neighbour_is_the_published_one():
    rows = real_points().to_pydict()
    distance, _, other = nearest_neighbours(np.array(rows["ra"]), np.array(rows["dec"]))
    known = set(rows["pts_key"])
    complete = [k for k, key in enumerate(rows["pxcntr"]) if key in known]
    agree = [rows["pts_key"][other[k]] == rows["pxcntr"][k] for k in complete]
    assert np.mean(agree) > 0.97


def test_lone_source_has_no_neighbour():
    distance, angle, other = nearest_neighbours(np.array([10.0]), np.array([5.0]))
    assert np.isnan(distance[0]) and np.isnan(angle[0]) and other[0] == -1
