"""Squares about stars are what the whole images hold there."""

import numpy as np
import pytest

from processing.photometry.scan.cutouts import cutouts
from processing.photometry.scan.psf_stars import apparitions_of
from processing.photometry.scan.tests import synthetic


@pytest.mark.parametrize("radius", [2, 8])
def test_cutouts_are_parts_of_the_whole_images(radius):
    """Of every tenth star, with the light of the others; what lies beyond the frame has no weight."""
    scan = synthetic.scan(*synthetic.lattice(), 5000.0, bad=0.02)
    model = synthetic.model(scan, profile_error=0.01)
    places = apparitions_of(model, np.arange(0, len(model.stars), 10))
    cut, size = cutouts(model, places, radius), 2 * radius + 1
    assert cut.weight.shape == (len(places.star), size, size) and len(places.star) > 100
    whole = [np.pad(part, ((0, 0), (20, 20), (20, 20))) for part in (model.residual, model.image, model.weight)]
    for a in range(len(places.star)):
        x, y = (int(np.rint(place[a])) - radius + 20 for place in (places.x, places.y))
        for found, image in zip((cut.residual, cut.image, cut.weight), whole):
            expected = image[places.frame[a], y:y + size, x:x + size]
            assert found[a] == pytest.approx(expected, rel=1e-4, abs=1e-2)
