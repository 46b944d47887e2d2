"""What a fit of stars has made of a galaxy is the galaxy's in all bands, and a star in front of it is not."""

import numpy as np
import pytest

from processing.extended.clean import clean
from processing.extended.detection import candidates
from processing.extended.field import Field
from processing.extended.members import own_sources, together
from processing.extended.stamps import stamps
from processing.extended.tests.synthetic_fields import NOISE, field, galaxy

SHAPE = (320, 320)
X, Y = 160.3, 150.8


def measured(scene):
    """The CleanField, the candidate at (X, Y) and its Stamp."""
    cleaned = clean(scene)
    found = candidates(cleaned)
    best = int(np.argmin([np.hypot(one.x - X, one.y - Y) for one in found]))
    return cleaned, found[best], list(stamps(cleaned, found))[best]


def magnitudes_off(stamp, one, radius=15):
    """Letter -> magnitude within a circle about the galaxy less the true one, and one sigma (noise of a coadd)."""
    y, x = np.indices(SHAPE)
    truth = float(galaxy(SHAPE, *one)[np.hypot(x - X, y - Y) < radius].sum())
    y, x = np.indices(stamp.bands["j"].data.shape)
    inside = np.hypot(x + stamp.x0 - X, y + stamp.y0 - Y) < radius
    return {letter: (-2.5 * np.log10(image.filled[inside].sum() / truth),
                     1.0857 * 3.3 * NOISE[letter] * np.sqrt(inside.sum()) / truth)
            for letter, image in stamp.bands.items()}  # fmt: skip


def test_a_nucleus_that_is_two_stars_in_one_band_only_is_the_galaxys():
    """J lists two stars 2.3 arcsec apart, H and Ks one: all magnitudes are right within 3 sigma and 0.02 mag."""
    one = (X, Y, 6000.0, 7.0, 4.0, 0.3, 1.2)
    split = [(X + 0.4, Y + 1.1, 600.0), (X - 0.4, Y - 1.1, 600.0)]
    apart, whole = field((), [one], SHAPE, "j", listed=split), field((), [one], SHAPE, "hk", listed=[(X, Y, 1100.0)])
    cleaned, candidate, stamp = measured(Field(apart.bands | whole.bands, None, "synthetic"))
    assert {letter: list(own) for letter, own in own_sources(cleaned, candidate).items()} == \
        {"j": [0, 1], "h": [0], "k": [0]}  # fmt: skip
    for off, sigma in magnitudes_off(stamp, one).values():
        assert abs(off) < 3 * sigma + 0.02


def test_bright_pieces_either_side_are_the_galaxys_and_a_star_in_front_is_not():
    """An edge-on galaxy that is three stars in all bands, and a star as bright as a piece, 7 arcsec from its middle."""
    one, star = (X, Y, 5000.0, 5.6, 1.0, 0.3, 0.785), (X + 5.0, Y - 5.0, 620.0)
    pieces = [(X, Y, 1000.0), (X + 2.4, Y + 2.4, 620.0), (X - 2.4, Y - 2.4, 620.0)]
    cleaned, candidate, stamp = measured(field([star], [one], SHAPE, listed=[*pieces, star]))
    assert [list(own) for own in own_sources(cleaned, candidate).values()] == [[0, 1, 2]] * 3
    for off, sigma in magnitudes_off(stamp, one).values():
        assert abs(off) < 3 * sigma + 0.03


@pytest.mark.parametrize("listed", [True, False])
def test_a_star_in_front_does_not_take_the_galaxys_place(listed):
    """It is brighter than what shows of the galaxy, which has a point source of its own or none."""
    one, star = (X, Y, 3400.0, 12.0, 1.0, 0.6, 0.4), (X + 2.0, Y - 9.0, 1700.0)
    cleaned, candidate, stamp = measured(field([star], [one], SHAPE, listed=[star] + [(X, Y, 60.0)] * listed))
    assert np.hypot(candidate.x - X, candidate.y - Y) < 1.5 and candidate.reach > 20
    for off, sigma in magnitudes_off(stamp, one, 25).values():
        assert abs(off) < 3 * sigma + 0.05


def test_sources_that_share_any_are_one_group():
    """Two sources of J have the same one in H, and a third shares the Ks source of the second."""
    members = np.array([[0, 5, -1], [1, 5, 7], [2, 6, 7], [3, -1, -1], [-1, -1, 9]])
    assert list(together(members)) == [0, 0, 0, 3, 4]


def test_the_middle_of_an_edge_on_galaxy_is_its_place_though_glare_hides_one_side():
    """A star of Ks 9, 14 arcsec away, hides the end of a galaxy that three stars have been made of."""
    one, bright = (X, Y, 5000.0, 5.6, 1.0, 0.3, 0.785), (X + 10.0, Y + 10.0, 36000.0)
    pieces = [(X, Y, 800.0), (X + 2.2, Y + 2.2, 450.0), (X - 2.2, Y - 2.2, 450.0)]
    _, candidate, _ = measured(field([bright], [one], SHAPE, listed=[*pieces, bright]))
    assert np.hypot(candidate.x - X, candidate.y - Y) < 0.5
