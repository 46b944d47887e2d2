"""Pictures of fields: where things are, and which colour they have."""

import numpy as np

from processing.quality.picture import colour_picture


def field(rng, noise, stars):
    """An image of noise with stars: (x, y, DN at the peak)."""
    yy, xx = np.mgrid[:60, :40]
    image = rng.normal(100, noise, (60, 40))
    for x, y, peak in stars:
        image += peak * np.exp(-((xx - x) ** 2 + (yy - y) ** 2) / 3)
    return image


def test_north_is_up_and_a_red_star_is_red():
    rng = np.random.default_rng(1)
    images = {"j": field(rng, 1.0, [(10, 50, 60)]), "h": field(rng, 1.5, [(10, 50, 60)]),
              "k": field(rng, 2.0, [(10, 50, 90), (30, 8, 300)])}  # fmt: skip
    picture = colour_picture(images)
    assert picture.shape == (60, 40, 3) and picture.dtype == np.uint8
    red, green, blue = picture[59 - 8, 30].astype(int)
    assert red > 100 and red > 2 * green and red > 2 * blue
    assert picture[59 - 50, 10].min() > 60 and np.median(picture) < 60


def test_what_was_not_seen_and_bands_that_are_not_there_are_dark():
    image = np.full((20, 20), np.nan)
    image[:, 10:] = field(np.random.default_rng(2), 1.0, [])[:20, 10:20]
    picture = colour_picture({"j": image})
    assert picture[:, :10].max() < 40 and picture[..., 0].max() < 40
    assert colour_picture({"h": np.full((20, 20), np.nan)}).max() < 40
