"""One to three images make a field; images of other fields are told apart."""

import gzip

import pytest

from processing.errors import SurveyError
from processing.formats.atlas_field import fields_in, read_field
from processing.formats.tests.atlas_files import blank, real_image, write_atlas


def pair(tmp_path, **other):
    first = write_atlas(tmp_path / "j.fits", blank())
    return [first, write_atlas(tmp_path / "h.fits", blank(), **{"FILTER": "h"} | other)]


def test_bands_are_put_in_order(tmp_path):
    paths = pair(tmp_path)
    assert list(read_field(paths[::-1]).images) == ["j", "h"]


@pytest.mark.parametrize("other, word", [
    ({"ORDATE": "990811"}, "date 1999-08-10 and 1999-08-11"), ({"SCANNO": 50}, "scan 49 and 50"),
    ({"TELNAME": "Hopkins"}, "hemis s and n"), ({"CRVAL2": 1.7}, "arcsec apart"),
    ({"CRPIX1": 200.5}, "56.0 arcsec apart"),
])
def test_bands_of_different_fields_are_refused_with_both_names(tmp_path, other, word):
    paths = pair(tmp_path, **other)
    with pytest.raises(SurveyError, match="different fields") as caught:
        read_field(paths)
    assert word in str(caught.value) and all(str(path) in str(caught.value) for path in paths)


def test_bands_of_different_shape_are_refused(tmp_path):
    paths = [write_atlas(tmp_path / "j.fits", blank()), write_atlas(tmp_path / "h.fits", blank(60, 50), FILTER="h")]
    with pytest.raises(SurveyError, match="64 x 64 and 50 x 60 pixels"):
        read_field(paths)


def test_band_given_twice_is_refused(tmp_path):
    with pytest.raises(SurveyError, match="both of band j"):
        read_field(pair(tmp_path, FILTER="j"))


def test_no_image_is_refused():
    with pytest.raises(SurveyError, match="no Atlas Image given"):
        read_field([])


def test_folder_falls_into_its_fields(tmp_path):
    write_atlas(tmp_path / "a.fits", blank())
    write_atlas(tmp_path / "b.fits", blank(), FILTER="k")
    other = write_atlas(tmp_path / "c.fits", blank(), SCANNO=50)
    (tmp_path / "c.fits.gz").write_bytes(gzip.compress(other.read_bytes()))
    other.unlink()
    (tmp_path / "README").write_text("not an image")
    fields, refused = fields_in(tmp_path)
    found = [(field.name, list(field.images)) for field in fields]
    assert found == [("990810s_s049_i209", ["j", "k"]), ("990810s_s050_i209", ["j"])]
    assert refused == []


def test_one_bad_image_does_not_spoil_the_folder(tmp_path):
    write_atlas(tmp_path / "a.fits", blank())
    (tmp_path / "b.fits").write_text("nothing")
    fields, refused = fields_in(tmp_path)
    assert len(fields) == 1 and "b.fits: not a FITS file" in str(refused[0])


def test_two_cuts_of_one_image_are_not_written_over_each_other(tmp_path):
    write_atlas(tmp_path / "a.fits", blank())
    write_atlas(tmp_path / "b.fits", blank(), CRPIX1=100.5)
    fields, refused = fields_in(tmp_path)
    assert len(fields) == 1 and "another part of 990810s_s049_i209" in str(refused[0])


def test_empty_folder_is_refused(tmp_path):
    with pytest.raises(SurveyError, match="no FITS file in it"):
        fields_in(tmp_path)


def test_missing_folder_is_refused(tmp_path):
    with pytest.raises(SurveyError, match="no such folder"):
        fields_in(tmp_path / "none")


def test_real_bands_are_of_one_field_and_real_fields_are_not():
    assert list(read_field([real_image(f"ic494_{b}.fits") for b in "khj"]).images) == ["j", "h", "k"]
    with pytest.raises(SurveyError, match="different fields"):
        read_field([real_image("w44_j.fits"), real_image("ic494_h.fits")])
