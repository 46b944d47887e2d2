"""Extended detections near bright stars: what their light makes, what it only touches, and what is far enough."""

import numpy as np
import pytest

from processing.artifacts import halo
from processing.artifacts.galaxies import find_extended_artifacts, in_masks, light_at, mask_radius, radius_of
from processing.artifacts.parents import bright_stars
from processing.artifacts.scan_frame import nominal_limits
from processing.config import survey
from processing.formats.tests.extended_rows import made_up_galaxies

DEC = 20.0


def north(arcsec):
    return DEC + np.asarray(arcsec, float) / 3600


def star(magnitude, ra=10.0):
    return bright_stars([ra], [DEC], [[magnitude + 0.9, magnitude + 0.2, magnitude]])


RECORD = {"scan": {"ra": 10.0, "direction": "n"}}


def test_light_of_a_star_is_that_of_its_wings_and_falls_with_the_cube_beyond():
    wings = survey().wings
    assert light_at(np.array(wings.radius[3:])) == pytest.approx(np.array(wings.light[3:]))
    assert light_at(np.array([200.0]))[0] == pytest.approx(wings.light[-1] - 3 * np.log10(2.0))
    radii = np.array([5.0, 20.0, 80.0, 150.0, 400.0])
    assert radius_of(light_at(radii)) == pytest.approx(radii)


def test_masks_grow_with_brightness_and_are_larger_than_those_for_points():
    magnitude = np.array([[9.0, 8.3, 8.0], [6.0, 5.3, 5.0], [3.0, 2.3, 2.0]])
    masks = mask_radius(magnitude)
    in_ks = radius_of(0.4 * (magnitude[:, 2] - 20.0))
    assert (masks >= in_ks).all() and masks == pytest.approx(in_ks, rel=0.1)
    excess = nominal_limits()[2] - magnitude[:, 2] - halo.contrast()
    for_points = halo.UNIT * 10 ** (0.4 * excess / survey().artifacts.halo_slope)
    assert (masks > 1.5 * for_points).all()


def test_faint_light_in_the_mask_is_an_artifact_and_bright_light_is_near_a_star():
    bright = star(5.0)
    radius = mask_radius(bright["magnitude"])[0]
    away = np.array([0.5, 0.5, 2.0]) * radius
    off_arms = north(away * np.sqrt(0.5))
    east = 10.0 + (off_arms - DEC) / np.cos(np.radians(DEC))
    galaxies = made_up_galaxies(east, off_arms, k=[14.5, 9.5, 14.5])
    found = find_extended_artifacts(galaxies, bright, RECORD)
    assert found.cc_flg.tolist() == ["A", "C", "0"]
    assert found.artifacts["C"] == 1 and found.touched["C"] == 1


def test_the_nucleus_of_a_galaxy_is_no_star_beside_it():
    galaxies = made_up_galaxies([10.0], north([3.0]), k=8.0, size=40.0)
    inside, false = in_masks(galaxies, np.array([[9.3, 8.6, 8.3]]), star(8.8))
    assert not inside.any() and not false.any()
    inside, _ = in_masks(galaxies, np.array([[9.3, 8.6, 8.3]]), star(6.0))
    assert inside.all()


def test_what_lies_on_an_arm_and_is_faint_is_an_artifact():
    on_arm = made_up_galaxies([10.0], north([150.0]), k=14.8, size=5.0)
    off_arm = made_up_galaxies([10.0 + 106 / 3600 / np.cos(np.radians(DEC))], north([106.0]), k=14.8, size=5.0)
    assert find_extended_artifacts(on_arm, star(3.0), RECORD).cc_flg[0] == "A"
    assert find_extended_artifacts(off_arm, star(3.0), RECORD).cc_flg[0] == "0"


def test_no_stars_and_no_galaxies_are_fine():
    none = made_up_galaxies([], [])
    assert len(find_extended_artifacts(none, star(5.0), RECORD).cc_flg) == 0
    found = find_extended_artifacts(made_up_galaxies([10.0], [DEC]), star(5.0)[:0], RECORD)
    assert found.cc_flg.tolist() == ["0"]
