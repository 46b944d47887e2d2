"""What a frame sees: the full range of stars, galaxies, moving airglow, drifting weather."""

import numpy as np
import pytest

from processing.config import survey
from processing.simulate.detector import detector
from processing.simulate.exposure import core_width, expose, frame_truth
from processing.simulate.night_plan import Settings, plan
from processing.simulate.optics import Optics, tangent
from processing.simulate.pointing import track
from processing.simulate.scene import Scene, View
from processing.simulate.weather import Drift, drift, weather

SETTINGS = Settings(100.0, 20.0, frames=12, cal_frames=12, still_frames=12)
NIGHT = plan(SETTINGS)[0]
PLANNED = next(p for p in NIGHT.sequences if p.type == "sci")
PLAIN = Optics(0, 0, 0, 2.0, 0, 0, 0, 0, 0, 0, 0, 0)
NOTHING = {name: np.array([]) for name in ("ra", "dec", "j", "h", "k", "reff", "sersic", "axis_ratio", "angle")}


def view(band):
    return View(PLAIN, weather(1, 0, band), detector(1, "n", band), core_width())


def stars(band, mags):
    """Stars along the middle of the scan, an arcminute apart in right ascension."""
    east = (np.arange(len(mags)) - (len(mags) - 1) / 2) * 60 / 3600 / np.cos(np.radians(20))
    return {"ra": 100.0 + east, "dec": np.full(len(mags), 20.0), band: np.array(mags)}


@pytest.fixture(scope="module")
def bright():
    """Stars of magnitude 14, 9.5, 6 and 0 at Ks: the reads of one scan, minus the pedestal."""
    look, path = view("k"), track(1, NIGHT, PLANNED)
    sky = stars("k", [14.0, 9.5, 6.0, 0.0])
    reads, *_ = expose(look, PLANNED, path, (sky, NOTHING), np.random.default_rng(1))
    x, y = PLAIN.pixel(*tangent(sky["ra"], sky["dec"], path.ra[5], path.dec[5]))
    return reads[:, 5] - look.detector.bias, np.round(x).astype(int), np.round(y).astype(int), look.detector


def test_the_range_of_stars_saturates_read_after_read(bright):
    """The survey: READ2 - READ1 from Ks about 8, READ1 from about 3.5."""
    (first, second), x, y, array = bright
    for star, (full1, full2) in enumerate([(0, 0), (0, 0), (0, 1), (1, 1)]):
        box = slice(y[star] - 1, y[star] + 2), slice(x[star] - 1, x[star] + 2)
        assert (first[box].max() > 29_000, second[box].max() > 29_000) == (full1, full2)
    hole = second[y[3], x[3]] - first[y[3], x[3]]
    assert abs(hole) < 150 and second[y[3], x[3]] == pytest.approx(array.well[y[3], x[3]], abs=200)


def test_a_star_of_magnitude_nought_reaches_far(bright):
    """Wings, halo and spikes give unsaturated light that grows towards the star: its magnitude is measured from it."""
    (first, second), x, y, array = bright
    image = (second - first)[: y[3] - 20]
    right = slice(max(x[3] - 45, 0), x[3] - 25)
    profile = np.median(image[:, right], axis=1)
    near, far = profile[-12:].mean(), profile[:15].mean()
    assert near > far + 20


def test_airglow_moves_with_its_wind():
    """The structure of one frame, moved by the wind and the step of the telescope, is that of the next."""
    look, path = view("h"), track(1, NIGHT, PLANNED)
    scene = Scene(look, frame_truth(look, path, "sci"), path, {**NOTHING}, NOTHING)
    one, two = (scene.frame(i) - np.median(scene.frame(i)) for i in (3, 4))
    t, settings = path.seconds[4] - path.seconds[3], survey().simulated_night
    wind = np.array(look.weather.wind)
    assert np.hypot(*wind) == pytest.approx(settings.airglow_wind)
    east, north = wind * t + [0, (path.dec[4] - path.dec[3]) * 3600]
    dx, dy = round(-east / 2), round(north / 2)
    still = np.corrcoef(_overlap(one, two, 0, 0))[0, 1]
    moved = np.corrcoef(_overlap(one, two, dx, dy))[0, 1]
    assert moved > 0.98 and still < 0.9


def _overlap(one, two, dx, dy):
    """Pixels of ``one`` at x + dx, y + dy and of ``two`` at x, y."""
    rows = slice(max(dy, 0), 256 + min(dy, 0)), slice(max(-dy, 0), 256 + min(-dy, 0))
    columns = slice(max(dx, 0), 256 + min(dx, 0)), slice(max(-dx, 0), 256 + min(-dx, 0))
    return one[rows[0], columns[0]].ravel(), two[rows[1], columns[1]].ravel()


def test_airglow_has_its_strength_in_every_band():
    for n, band in enumerate("jhk"):
        look, path = view(band), track(1, NIGHT, PLANNED)
        scene = Scene(look, frame_truth(look, path, "sci"), path, {**NOTHING}, NOTHING)
        light = np.array([scene.frame(i) - scene.truth["sky"][i].as_py() for i in range(12)])
        assert light.std() == pytest.approx(survey().simulated_night.airglow[n], rel=0.35)


def test_a_galaxy_has_its_light_and_its_direction():
    """Within an arcminute; 0.0023 of the light is in the halo beyond."""
    galaxy = {"ra": [100.0], "dec": [20.0], "j": [10.0], "reff": [8.0],
              "sersic": [1.0], "axis_ratio": [0.3], "angle": [30.0]}  # fmt: skip
    galaxy = {name: np.array(values) for name, values in galaxy.items()}
    look, path = view("j"), track(1, NIGHT, PLANNED)
    truth = frame_truth(look, path, "sci")
    scenes = [Scene(look, truth, path, {**NOTHING}, g) for g in (galaxy, NOTHING)]
    light = np.subtract(*(scene.frame(6) for scene in scenes))
    x, y = PLAIN.pixel(*tangent(100.0, 20.0, path.ra[6], path.dec[6]))
    rows, columns = np.indices(light.shape)
    near = np.hypot(columns - x, rows - y) < 30
    dn = truth["unit"][6].as_py() * 10**-4
    assert light[near].sum() / dn == pytest.approx(0.9977, abs=0.002)
    east, north = -(columns - x)[near], (rows - y)[near]
    weight = light[near] * (np.hypot(east, north) < 15)
    angle = 0.5 * np.degrees(np.arctan2(2 * np.sum(weight * east * north), np.sum(weight * (north**2 - east**2))))
    assert angle == pytest.approx(30, abs=2)


def test_seeing_changes_over_minutes_not_from_frame_to_frame():
    seconds = np.arange(0, 6 * 3600, 1.4855)
    values = np.concatenate([weather(1, night, "j").seeing(seconds) for night in range(8)])
    assert values.std() == pytest.approx(survey().simulated_night.seeing_drift, rel=0.25)
    assert np.abs(np.diff(values[:1000])).max() < 0.003
    assert np.ptp(weather(1, 0, "j").seeing(seconds[:800])) > 0.05


def test_nights_differ_within_what_the_format_promises():
    seconds, nominal = np.linspace(-7000, 20000, 50), survey().simulate.magzp
    nights = [weather(seed, night, band) for seed in range(10) for night in range(3) for band in "jhk"]
    offsets = [w.zero_point(seconds) - nominal["jhk".index(w.band)] for w in nights]
    assert np.abs(offsets).max() < 0.25 and np.std(np.mean(offsets, axis=1)) == pytest.approx(0.06, rel=0.25)
    assert np.median(np.ptp(offsets, axis=1)) > 0.02
    factors = [w.extinction / survey().atmosphere.extinction["jhk".index(w.band)] for w in nights]
    assert np.abs(np.subtract(factors, 1)).max() < 0.2 and np.std(factors) > 0.05


def test_a_drift_has_its_rms():
    drifts = [drift(np.random.default_rng(seed), 0.5, 600.0) for seed in range(40)]
    assert all(isinstance(d, Drift) for d in drifts)
    assert np.std([d(np.linspace(0, 1e5, 3000)) for d in drifts]) == pytest.approx(0.5, rel=0.03)
