"""Candidates: galaxies of all sizes are found once, stars are not, whatever the list of point sources made of them."""

import numpy as np
import pytest

from processing.extended.clean import clean
from processing.extended.detection import candidates
from processing.extended.tests.synthetic_fields import NOISE, field, galaxy, noise, scattered, star

SHAPE = (384, 384)


def found_in(scene):
    return candidates(clean(scene))


def nearest(found, x, y):
    """The candidate nearest to a place, and how far it is."""
    far = [np.hypot(one.x - x, one.y - y) for one in found]
    return found[int(np.argmin(far))], min(far)


def fitted(*one):
    """Flux of the star that a fit would make of a galaxy's core: its light in the matched filter of the image."""
    x, y = one[:2]
    light, lone = galaxy(SHAPE, *one), star(SHAPE, x, y, 1.0)
    return x, y, float((light * lone).sum() / (lone**2).sum())


@pytest.mark.parametrize("flux, reff, index", [(400, 1.5, 1), (400, 3, 1), (400, 3, 4), (800, 6, 1), (3000, 15, 1)])
def test_galaxies_are_found_once_among_stars(flux, reff, index):
    """400 DN: Ks 13.4, the limit of the survey; nothing else but a star or two of sixty."""
    stars, one = scattered(60, SHAPE, 5), (192.3, 180.8, flux, reff, index, 0.7, 0.4)
    stars = stars[np.hypot(stars[:, 0] - 192, stars[:, 1] - 180) > 30]
    found = found_in(field(stars, [one], SHAPE, listed=[*stars, fitted(*one)]))
    best, far = nearest(found, *one[:2])
    assert far < 0.7 and best.members == dict.fromkeys("jhk", len(stars)) and best.row == len(stars)
    assert best.score > 4 and best.reach > 1.5 * reff
    assert len(found) <= 3


@pytest.mark.parametrize("flux, reff", [(500, 8), (1500, 15), (2500, 25)])
def test_faint_and_wide_galaxies_are_found_without_a_point_source(flux, reff):
    """Mean surface brightness of 1.2, 1.1 and 0.6 DN an arcsec2 within half their light: Ks 19.8 to 20.5."""
    stars, one = scattered(60, SHAPE, 6), (192.0, 180.0, flux, reff)
    found = found_in(field(stars, [one], SHAPE))
    best, far = nearest(found, *one[:2])
    assert far < 0.4 * reff and np.isnan(best.score) and best.significance > 5 and best.row == -1
    assert len(found) <= 3


def test_a_large_galaxy_taken_apart_is_one_candidate():
    """Its fit has made twelve stars of it; the middle one is the candidate's, and none of the others is another."""
    one = (200.0, 190.0, 20000.0, 20.0, 1.0, 0.6, 0.8)
    rng = np.random.default_rng(3)
    parts = [(200.0, 190.0, 1500.0)] + [(200 + dx, 190 + dy, 60.0) for dx, dy in rng.normal(0, 9, (11, 2))]
    best, *others = found_in(field((), [one], SHAPE, listed=parts))
    assert (best.x, best.y) == (200.0, 190.0) and best.members["j"] == 0 and best.reach > 30
    assert not [other for other in others if np.hypot(other.x - 200, other.y - 190) < best.reach]


def test_a_star_in_front_of_a_galaxy_is_no_candidate_and_a_companion_is():
    large, small = (190.0, 190.0, 8000.0, 14.0), (212.0, 190.0, 900.0, 2.5)
    star_here = (176.0, 175.0, 700.0)
    found = found_in(field([star_here], [large, small], SHAPE, listed=[star_here, fitted(*large), fitted(*small)]))
    assert nearest(found, 190, 190)[1] < 1 and nearest(found, 212, 190)[1] < 1
    assert nearest(found, *star_here[:2])[1] > 10


def test_two_galaxies_whose_light_meets_are_two():
    pair = (180.0, 190.0, 2500.0, 5.0), (206.0, 195.0, 2000.0, 5.0)
    found = found_in(field((), pair, SHAPE, listed=()))
    assert [nearest(found, *one[:2])[1] < 2 for one in pair] == [True, True] and len(found) == 2


def test_stars_alone_have_few_candidates():
    """200 of all fluxes, and 20 close pairs: 3 at most."""
    stars = scattered(200, SHAPE, 7)
    pairs = stars[:20] + [2.8, 1.0, 0.0]
    assert len(found_in(field([*stars, *pairs], shape=SHAPE))) <= 3


def test_the_ends_of_a_scan_where_fewer_frames_look_have_no_more_candidates():
    """Its first 100 rows have twice the noise, and the map of the noise says so."""
    scene = field(scattered(60, SHAPE, 8), shape=SHAPE)
    for letter, band in scene.bands.items():
        band.data[:100] += noise((100, SHAPE[1]), np.sqrt(3) * NOISE[letter], 9)
        band.noise[:100] *= 2
    assert len(found_in(scene)) <= 2


def test_candidates_are_off_the_edge_and_out_of_glare():
    edge, hidden, clear = (0.0, 100.0, 900.0, 3.0), (200.0, 200.0, 900.0, 3.0), (300.0, 300.0, 900.0, 3.0)
    found = found_in(field((), [edge, hidden, clear], SHAPE, saturated=[(204.0, 200.0, 2e5)]))
    assert nearest(found, 300, 300)[1] < 2 and nearest(found, 200, 200)[1] > 5 and min(one.x for one in found) > 2.5
