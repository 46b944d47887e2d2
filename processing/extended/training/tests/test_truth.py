"""What candidates are in truth: the galaxy at their place, a part of one, a star before one, or none of these."""

import numpy as np
import pytest

from processing.extended.training.sites import sites
from processing.extended.training.sky import GROUP, LINK, Site, group_of, scene_sky
from processing.extended.training.truth import Truth
from processing.simulate.atlas import simulate_atlas

SITE = Site(80.0, 30.0, 20.0, (128, 128), 3, galaxies=9, bright=10, groups=4, seeing=2.6, airglow=1.0)


def at(x, y):
    """Columns ra and dec of places of the scene, arcsec east and north of its middle."""
    return {"ra": 80.0 + np.array(x) / 3600 / np.cos(np.radians(30.0)), "dec": 30.0 + np.array(y) / 3600}


@pytest.fixture(scope="module")
def truth():
    """A galaxy alone at (0, 0); one with a brighter star before it at (0, 30); a double star at (-30, -30)."""
    galaxies = at([0.0, 0.0], [0.0, 30.0]) | {"k": np.array([13.0, 14.5]), "reff": np.array([4.0, 3.0])}
    stars = at([0.5, -30.0, -28.0], [30.0, -30.0, -30.0]) | {"k": np.array([13.0, 13.0, 13.5])}
    for table in (galaxies, stars):
        table |= {"j": table["k"] + 1.0, "h": table["k"] + 0.3}
    return Truth(SITE, simulate_atlas(centre=(80.0, 30.0), shape=SITE.shape, noise=False), stars, galaxies)


@pytest.fixture
def places(truth):
    """The galaxy, its outskirts, the star before the other galaxy, the double star, empty sky."""
    first, _ = truth.galaxies
    return np.array([first, first + [8.0, 0.0], truth.stars[0], truth.stars[1], first + [-40.0, 40.0]])


def test_galaxy_is_one_where_it_outshines_the_stars(truth, places):
    np.testing.assert_array_equal(truth.galaxy_at(places), [0, -1, -1, -1, -1])


def test_outskirts_and_stars_before_a_galaxy_are_parts_of_it(truth, places):
    np.testing.assert_array_equal(truth.host_of(places, truth.galaxy_at(places)), [0, 0, 1, -1, -1])


def test_weights_are_the_natural_numbers(truth, places):
    host = truth.host_of(places, truth.galaxy_at(places))
    np.testing.assert_allclose(truth.weights(places, host), [1 / 20, 1 / 20, 1 / 10, 1 / 5, 1])


def test_scene_has_the_galaxies_and_groups_of_so_many_skies():
    one = sites(8, seed=9)[5]
    stars, galaxies = scene_sky(one)
    bare_stars, bare = scene_sky(Site(*[getattr(one, name) for name in ("ra", "dec", "latitude", "shape", "seed")], 0, 0, 0,
                                      one.seeing, one.airglow))  # fmt: skip
    more = [(galaxies["k"][len(bare["k"]):] < limit).sum() for limit in (13.8, 15.0)]
    density = 23 * 10 ** (0.6 * 0.3) * (572 / 3600) ** 2
    assert more[0] == pytest.approx((one.galaxies + one.bright) * density, rel=0.5) and more[1] > 2 * more[0]
    added = {name: values[len(bare_stars["k"]):] for name, values in stars.items()}
    label = group_of(added, one)
    assert (label >= 0).mean() > 0.95 and len(np.unique(label)) > one.groups
    assert GROUP[0] < added["k"].min() < GROUP[1] and LINK > 0
