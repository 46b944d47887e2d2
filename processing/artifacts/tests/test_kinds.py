"""Each kind is found where a simulated camera puts it, and nowhere else."""

import numpy as np
import pytest

from processing.artifacts import bright_stars, find_artifacts
from processing.artifacts.tests.tables import MERIDIAN, MIDDLE, points, record, sky_of
from processing.config import survey
from processing.simulate.starlight import add_spikes

RULES = survey().artifacts
FAINT = [16.2, 15.8, 15.7]


def parent(magnitude, x=127.5, y=127.5, north=0.0):
    """A star of a magnitude in all bands at a pixel of a frame."""
    return bright_stars(*sky_of([x], [y], north), [[magnitude] * 3])


def letters(detections, parents, scan=None):
    return find_artifacts(detections, parents, scan or record()).cc_flg.to_pylist()


@pytest.mark.parametrize("dx, dy", [(60, 0), (-60, 0), (0, 60), (0, -60)])
def test_faint_detections_on_the_rows_and_columns_of_the_star_are_spikes(dx, dy):
    on = points(*sky_of([127.5 + dx], [127.5 + dy]), [[15.9, np.nan, np.nan]])
    beside = points(*sky_of([127.5 + dx + 5 * (dx == 0)], [127.5 + dy + 5 * (dy == 0)]), [[15.9, np.nan, np.nan]])
    assert letters(on, parent(3.0)) == ["D00"] and letters(beside, parent(3.0)) == ["000"]


def test_arms_turn_with_the_arrays():
    """On the meridian, where the arm of an array without rotation would be: off by 3.7 arcsec at 500."""
    ra, dec = sky_of([127.5], [127.5], north=500.0)
    detection = points(ra, dec, [[16.5, np.nan, np.nan]])
    turned, straight = record(), record(turn=dict.fromkeys("jhk", 0.0))
    assert letters(detection, parent(0.0), turned) == ["000"] and letters(detection, parent(0.0), straight) == ["D00"]


def test_arms_of_a_camera_that_may_be_turned_either_way_are_wide_enough_for_both():
    x, y = np.array([127.5, 127.5, 327.5, 327.5]), np.array([327.5, -72.5, 127.5, 128.5])
    ra, dec = sky_of(x, y)
    detections = points(ra, dec, [[16.5, np.nan, np.nan]] * 4)
    assert letters(detections, parent(0.0), record(turn=None)) == ["D00"] * 4


def test_a_star_too_bright_for_the_spike_stays_and_is_flagged():
    place = sky_of([127.5], [157.5])
    level = 5.0 - 2.5 * np.log10(RULES.spike[0]) + 5 * np.log10(6.0)
    for magnitude, flag in ((level + 0.1, "D00"), (level - 0.1, "d00"), (level - 6.5, "000")):
        assert letters(points(*place, [[magnitude, np.nan, np.nan]]), parent(5.0)) == [flag]


def test_no_false_star_on_a_simulated_spike_is_brighter_than_the_rule_allows():
    """A star fitted to the light of an arm: sum(profile light) over sum(profile squared)."""
    settings, frame = survey().simulated_night, np.zeros((256, 256))
    add_spikes(frame, np.array([20.0]), np.array([128.0]), np.array([1e6]), settings.spike_share,
               settings.spike_turn / 2, settings.spike_width / 2)  # fmt: skip
    y, x = np.mgrid[-4:5, -4:5]
    profile = np.exp(-(x**2 + y**2) / (2 * (survey().simulate.seeing / 2.355 / 2) ** 2))
    profile /= profile.sum()
    for distance in (10, 20, 50, 100, 200):
        stamp = frame[124:133, 16 + distance // 2 + 0 : 25 + distance // 2]
        false = (profile * stamp).sum() / (profile**2).sum() / 1e6
        assert 0.1 < false / (min(RULES.spike) * (10 / distance) ** 2) < 1.0


@pytest.mark.parametrize("direction, sign", [("n", 1.0), ("s", -1.0)])
def test_latent_images_lie_on_the_pixels_of_the_star_in_the_frames_that_follow(direction, sign):
    """The star on pixel 40, 200 of a frame; the same pixel one, two and five frames later, and one frame before."""
    ra, dec = np.array([sky_of(40.0, 200.0, sign * 82.4 * n) for n in (1, 2, 5, -1)]).T
    found = letters(points(ra, dec, [[np.nan, np.nan, 15.5]] * 4), parent(6.5, 40.0, 200.0), record(direction))
    assert found == ["00P", "00P", "00P", "000"]


def test_latent_images_fade():
    """What is faint enough for an image in the first frame is too bright for one in the fifth."""
    magnitude = RULES.latent_image[2] + 2 * RULES.latent_fading
    ra, dec = np.array([sky_of(40.0, 200.0, 82.4 * n) for n in (1, 5)]).T
    assert letters(points(ra, dec, [[np.nan, np.nan, magnitude]] * 2), parent(6.5, 40.0, 200.0)) == ["00P", "00p"]


def test_a_star_beside_the_arrays_leaves_no_latent_image_and_no_stripe():
    """Its spikes remain."""
    for dx, expected in ((-9.0, ["00d", "000"]), (-2.0, ["00P", "00s"])):
        ra, dec = np.array([sky_of(dx, 200.0, 82.4, "k"), sky_of(150.0, 200.0, band="k")]).T
        star = bright_stars(*sky_of([dx], [200.0], band="k"), [[4.0] * 3])
        assert letters(points(ra, dec, [[np.nan, np.nan, 14.7]] * 2), star) == expected


def test_stripes_are_on_the_rows_of_the_same_number_in_all_quadrants():
    """Star on row 70 of the lower half: rows 70 and 198, but not 69 +- 6 and not the columns; arms are kept out."""
    x, y = np.array([220.0, 220.0, 30.0, 220.0, 220.0]), np.array([198.0, 198.5, 198.0, 202.0, 94.0])
    detections = points(*sky_of(x, y, band="k"), [[np.nan, np.nan, 13.0]] * 5)
    assert letters(detections, parent(6.0, 100.0, 70.0)) == ["00s", "00s", "00s", "000", "000"]
    assert letters(detections, parent(6.8, 100.0, 70.0)) == ["000"] * 5


def test_halo_takes_what_is_faint_and_near_and_spares_the_rest():
    east, north = np.array([10.0, 10.0, 80.0]) / np.sqrt(2), np.array([10.0, 10.0, 80.0]) / np.sqrt(2)
    ra, dec = MERIDIAN + east / 3600 / np.cos(np.radians(MIDDLE)), MIDDLE + north / 3600
    detections = points(ra, dec, [[13.9] * 3, [11.0] * 3, FAINT])
    assert letters(detections, bright_stars(MERIDIAN, MIDDLE, [[5.0] * 3])) == ["CCC", "ccc", "000"]


def test_a_profile_fit_brighter_than_what_saturates_is_no_star_near_a_very_bright_one():
    place = sky_of([137.5], [137.5])
    fit, first_read = (points(*place, [[5.4] * 3], rd_flg=flags) for flags in ("222", "111"))
    assert letters(fit, parent(-3.0)) == ["CCC"] and letters(first_read, parent(-3.0)) == ["ccc"]
