"""Photometric confusion: the flags of published rows."""

import numpy as np
import pytest

from processing.bandmerge.confusion import confusion_radius, is_confused
from processing.formats.tests.atlas_files import real_image


@pytest.mark.parametrize("band, column, agreement", [(0, "Jmag", 0.955), (1, "Hmag", 0.96), (2, "Kmag", 0.91)])
def test_flags_of_a_crowded_field_are_those_of_the_published_rows(band, column, agreement):
    """c or 0 of the measured bands of W44, 15 arcsec inside the edge of the sample: 1,100-1,500 a band, 28-31% of them
    c."""
    from astropy.io.votable import parse

    rows = parse(str(real_image("../psc/w44_psc_south.vot"))).get_first_table().array
    ra, dec = rows["RAJ2000"].data, rows["DEJ2000"].data
    xy = np.column_stack([(ra - ra.mean()) * np.cos(np.radians(dec.mean())), dec - dec.mean()]) * 3600
    measured = np.array([str(flag).zfill(3)[band] in "123" for flag in rows["Rflg"]])
    flag = np.array([str(flag).zfill(3)[band] for flag in rows["Cflg"]])
    inside = ((xy > xy.min(axis=0) + 15) & (xy < xy.max(axis=0) - 15)).all(axis=1)
    compared = measured & inside & np.isin(flag, ["0", "c"])
    ours = is_confused(xy, np.where(measured, rows[column].data, np.nan), band)
    assert compared.sum() > 1000
    assert (ours == (flag == "c"))[compared].mean() > agreement


def test_bright_neighbour_confuses_from_farther():
    radius = confusion_radius(np.array([-1.0, 0.0, 3.0]), 0)
    assert radius[0] < radius[1] < radius[2]
    xy = np.array([[0.0, 0.0], [8.0, 0.0], [30.0, 0.0]])
    assert list(is_confused(xy, np.array([12.0, 15.0, 15.0]), 0)) == [False, True, False]
    assert list(is_confused(xy, np.array([15.0, 15.0, 15.0]), 0)) == [False, False, False]


def test_source_without_magnitude_neither_confuses_nor_is_confused():
    xy = np.array([[0.0, 0.0], [2.0, 0.0]])
    assert not is_confused(xy, np.array([12.0, np.nan]), 1).any()
