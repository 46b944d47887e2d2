"""mp_flg from ephemerides: the place at the time of each source, by rates or between two times."""

import numpy as np
import pytest
from astropy.table import Table

from processing.errors import SurveyError
from processing.release.associations.minor_planets import minor_planet_flags, paths_of, read_ephemeris
from processing.sphere import directions

ARCSEC = 1 / 3600
START = 2451200.5


def orbit(jd, tilt=23.0):
    """An object on a great circle inclined by ``tilt``, 900 arcsec a day: ra, dec (deg)."""
    angle = np.radians((np.asarray(jd) - START) * 0.25)
    tilt = np.radians(tilt)
    return directions(np.stack([np.cos(angle), np.sin(angle) * np.cos(tilt), np.sin(angle) * np.sin(tilt)], axis=-1))


def rates(jd, tilt=23.0):
    """Its rates, arcsec/h, by differences."""
    (ra_1, dec_1), (ra_2, dec_2) = orbit(jd - 1e-4, tilt), orbit(jd + 1e-4, tilt)
    east = ((ra_2 - ra_1 + 180) % 360 - 180) * np.cos(np.radians(orbit(jd, tilt)[1]))
    return east * 3600 / 0.0048, (dec_2 - dec_1) * 3600 / 0.0048


def ephemeris(jd, error=0.5, with_rates=True, name="(1) Ceres"):
    ra, dec = orbit(jd)
    speed = dict(zip(("rate_ra", "rate_dec"), rates(jd))) if with_rates else {}
    return paths_of(np.full(len(jd), name), jd, ra, dec, np.full(len(jd), error), **speed)


TIMES = START + np.linspace(0.1, 3.9, 200)


def test_a_source_on_the_path_at_the_time_is_flagged_and_off_it_or_at_another_time_is_not():
    paths = ephemeris(START + np.arange(5.0))
    ra, dec = orbit(TIMES)
    assert minor_planet_flags(ra, dec, TIMES, paths).all()
    assert not minor_planet_flags(ra, dec + 0.6 * ARCSEC, TIMES, paths).any()
    assert not minor_planet_flags(ra, dec, TIMES + 0.01, paths).any()


def test_between_close_times_no_rates_are_needed():
    paths = ephemeris(START + np.arange(0.0, 4.01, 0.25), with_rates=False)
    ra, dec = orbit(TIMES)
    assert minor_planet_flags(ra, dec, TIMES, paths).all()
    outside = START + np.array([-0.1, 4.1])
    assert not minor_planet_flags(*orbit(outside), outside, paths).any()


def test_one_time_with_rates_serves_half_a_step_before_and_after():
    paths = ephemeris(np.array([START]))
    times = START + np.array([-0.51, -0.49, 0.0, 0.49, 0.51])
    assert minor_planet_flags(*orbit(times), times, paths).tolist() == [0, 1, 1, 1, 0]


def test_of_two_objects_each_flags_its_own_source_only():
    jd = START + np.arange(3.0)
    ra, dec = orbit(jd)
    both = paths_of(np.repeat(["a", "b"], 3), np.tile(jd, 2), np.tile(ra, 2), np.append(dec, dec + 1.0),
                    np.repeat([0.5, 20.0], 3), *np.tile(rates(jd), 2))
    t = START + np.full(3, 1.3)
    place = orbit(t[0])
    flags = minor_planet_flags(np.full(3, place[0]), place[1] + np.array([5 * ARCSEC, 1.0 + 5 * ARCSEC, 0.5]), t, both)
    assert flags.tolist() == [0, 1, 0]


def test_a_source_without_a_time_has_no_flag():
    ra, dec = orbit(np.array([START, START]))
    flags = minor_planet_flags(ra, dec, np.array([np.nan, START]), ephemeris(np.array([START])))
    assert flags.tolist() == [None, 1]
    assert minor_planet_flags(ra, dec, np.full(2, np.nan), ephemeris(np.array([START]))).tolist() == [None, None]


def write(path, **columns):
    Table(columns).write(path, format="ascii.ecsv")
    return path


def test_a_file_is_read_with_and_without_rates_and_errors(tmp_path):
    jd = START + np.array([0.0, 0.3])
    ra, dec = orbit(jd)
    plain = read_ephemeris(write(tmp_path / "a.ecsv", name=["x", "x"], jd=jd, ra=ra, dec=dec))
    middle = orbit(jd.mean())
    times = np.full(2, jd.mean())
    assert minor_planet_flags(np.full(2, middle[0]), middle[1] + np.array([4.9, 5.1]) * ARCSEC, times,
                              plain).tolist() == [1, 0]
    speed = dict(zip(("rate_ra", "rate_dec"), rates(jd)))
    full = read_ephemeris(write(tmp_path / "b.ecsv", name=["x", "x"], jd=jd, ra=ra, dec=dec, error=[1.0, 1.0], **speed))
    assert minor_planet_flags(np.full(2, middle[0]), middle[1] + np.array([0.9, 1.1]) * ARCSEC, times,
                              full).tolist() == [1, 0]


@pytest.mark.parametrize("columns, words", [
    ({"name": ["x"], "jd": [START], "ra": [1.0]}, "there is no dec"),
    ({"name": ["x"], "jd": [START], "ra": [1.0], "dec": [np.nan]}, "expected dec in every row, found none in row 1"),
    ({"name": ["x", "y"], "jd": [START, START], "ra": [1.0, 2.0], "dec": [0.0, 0.0]},
     "x has a place with no other within 1.0 d and no rates"),
])
def test_a_file_that_is_no_ephemeris_is_refused_in_one_sentence(columns, words, tmp_path):
    with pytest.raises(SurveyError, match=words):
        read_ephemeris(write(tmp_path / "e.ecsv", **columns))
