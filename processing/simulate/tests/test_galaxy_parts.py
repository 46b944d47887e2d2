"""Galaxies of bulge and disc: what they are made of, and what a perfect camera would measure of them."""

import numpy as np
import pytest

from processing.simulate.atlas import simulate_atlas
from processing.simulate.galaxy_parts import PARTS, as_gaussians, bulges
from processing.simulate.galaxy_truth import isophotes
from processing.simulate.sky import around, sky_patch

CENTRE = (150.0, 20.0)


def galaxies(n=300, **columns):
    rng = np.random.default_rng(5)
    found = {"k": rng.uniform(9, 16, n), "reff": rng.uniform(2, 20, n), "axis_ratio": rng.uniform(0.2, 1, n),
             "sersic": rng.choice([1.0, 1.5, 2.0, 3.0, 4.0], n), "angle": rng.uniform(0, 180, n)}  # fmt: skip
    return {name: np.broadcast_to(columns.get(name, values), n).copy() for name, values in found.items()}


def parted(**columns):
    found = galaxies(**columns)
    return found | bulges(found, np.random.default_rng(6))


def half_light(galaxies, k):
    """Radius along the major axis of the ellipses of a galaxy as flat everywhere with half of its light."""
    gaussians, begins = as_gaussians({**galaxies, "axis_ratio": np.ones(len(galaxies["k"])),
                                      "bulge_ratio": np.ones(len(galaxies["k"]))})  # fmt: skip
    share, variance = gaussians[begins[k]:begins[k + 1], :2].T
    radius = np.geomspace(0.01, 200, 4000)
    inside = (share * (1 - np.exp(-(radius[:, None] ** 2) / 2 / variance))).sum(axis=1)
    return np.interp(0.5, inside, radius)


def test_bulge_and_disc_have_the_size_of_the_whole_and_all_light():
    found = parted(k=12.0)
    gaussians, begins = as_gaussians(found)
    for k in range(0, 300, 13):
        assert half_light(found, k) == pytest.approx(found["reff"][k], rel=0.01)
        assert gaussians[begins[k]:begins[k + 1], 0].sum() == pytest.approx(1)


def test_types_differ_and_the_faint_stay_as_they_were():
    found = parted()
    bright, whole = found["k"] < 15, found["sersic"]
    assert np.isnan(found["bulge"][~bright]).all() and np.isfinite(found["bulge"][bright]).all()
    medians = [np.median(found["bulge"][bright & (whole == index)]) for index in (1.0, 1.5, 2.0, 3.0)]
    assert (np.diff(medians) > 0).all() and medians[0] < 0.1 < 0.3 < medians[-1]
    assert (found["bulge"][bright & (whole == 4)] == 0).all()
    for name in ("bulge_sersic", "disc_sersic"):
        assert 0.5 <= found[name][bright].min() < 1.2 and 2.5 < found[name][bright].max() <= 6
    old = {name: values[~bright] for name, values in found.items()}
    single = {name: values for name, values in old.items() if name not in PARTS}
    np.testing.assert_array_equal(as_gaussians(old)[0], as_gaussians(single)[0])


@pytest.mark.parametrize("angle", [0.0, 35.0])
def test_true_isophotes_are_those_of_the_noiseless_image(angle):
    """The ellipse laid on the image: its light to 0.5%, and the brightness along it to 2% (pixels of an arcsec)."""
    one = {"ra": [CENTRE[0]], "dec": [CENTRE[1]], "j": [10.9], "k": [10.0], "reff": [8.0], "sersic": [2.0],
           "axis_ratio": [0.4], "angle": [angle], "bulge": [0.3], "bulge_reff": [2.0], "bulge_sersic": [2.5],
           "bulge_ratio": [0.7], "disc_reff": [11.0], "disc_sersic": [1.0]}  # fmt: skip
    known = {name: value[0] for name, value in isophotes(one).items()}
    assert known["j_k20"] - known["k_k20"] == pytest.approx(0.9) and 15 < known["r_k20"] < 60
    nothing = {"k": 0.0}
    image = simulate_atlas(None, one, CENTRE, "k", 3, (300, 300), noise=False, airglow=nothing, sky=nothing)["k"]
    rows, columns = np.indices(image.data.shape)
    dx, dy = columns - image.galaxies["x"][0].as_py(), rows - image.galaxies["y"][0].as_py()
    turn = np.radians(angle) + image.header["CROTA2"] * np.pi / 180
    along, across = -dx * np.sin(turn) + dy * np.cos(turn), dx * np.cos(turn) + dy * np.sin(turn)
    radius = np.hypot(along, across / known["ba_k20"])
    magzp, inside = image.header["MAGZP"], radius < known["r_k20"]
    assert magzp - 2.5 * np.log10(image.data[inside].sum()) == pytest.approx(known["k_k20"], abs=0.005)
    rim = np.abs(radius - known["r_k20"]) < 0.5
    assert magzp - 2.5 * np.log10(image.data[rim].mean()) == pytest.approx(20.0, abs=0.03)
    circle = np.hypot(dx, dy) < 7
    assert magzp - 2.5 * np.log10(image.data[circle].sum()) == pytest.approx(known["k_7"], abs=0.02)


def test_a_faint_galaxy_has_no_isophote_and_the_sky_has_some():
    sky = sky_patch(around(*CENTRE, 0.5, 0.5), 15.0, seed=4, real=False).galaxies
    known = isophotes({name: sky[name].to_numpy() for name in sky.column_names})
    bright = sky["k"].to_numpy() < 13
    assert np.isfinite(known["r_k20"][bright]).mean() > 0.9
    assert 6 < np.nanmedian(known["r_k20"][bright]) < 16
    faint = {name: [value] for name, value in {"j": 20.0, "k": 19.0, "reff": 9.0, "sersic": 1.0, "axis_ratio": 1.0,
                                               "angle": 0.0}.items()}  # fmt: skip
    assert np.isnan(isophotes(faint)["r_k20"][0]) and isophotes(faint)["k_7"][0] > 19.0
