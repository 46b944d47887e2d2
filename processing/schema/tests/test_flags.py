"""The registry of flags: complete, decodable, and true to published rows."""

import pytest

from processing.formats.tests.real_rows import real_points
from processing.schema import load_table
from processing.schema.extended_flags import EXTENDED_FLAGS
from processing.schema.flags import FLAGS, PH_QUAL, as_markdown, decode


def test_every_flag_is_a_column_of_the_catalog():
    assert set(FLAGS) <= set(load_table("psc").names)
    assert set(EXTENDED_FLAGS) <= set(load_table("xsc").names)


def test_every_flag_of_an_aperture_is_in_the_registry():
    flags = {name for name in load_table("xsc").names if "_flg_" in name}
    assert flags == {name for name in EXTENDED_FLAGS if "_flg_" in name} and len(flags) == 3 * (6 + 6 + 11)


def test_no_flag_says_a_character_twice():
    for flag in (*FLAGS.values(), *EXTENDED_FLAGS.values()):
        assert len({value.character for value in flag.values}) == len(flag.values)


def test_every_value_of_the_published_rows_is_known():
    rows = real_points().to_pydict()
    for name, flag in FLAGS.items():
        found = {character for value in rows[name] for character in (value if flag.per_band else str(value))}
        assert found <= set(flag.characters), name


def test_decoder_speaks_band_by_band():
    words = decode("ph_qual", "AUX")
    assert list(words) == ["J", "H", "Ks"]
    assert words == {"J": "10-sigma measurement", "H": "upper limit (95%)", "Ks": "no magnitude"}


def test_decoder_of_a_flag_of_the_source():
    assert decode("use_src", 1).startswith("outside overlaps")


def test_flags_of_the_extended_sources_are_their_own():
    assert decode("cc_flg", "C", EXTENDED_FLAGS) == "near a bright star"
    assert decode("k_flg_7", 3, EXTENDED_FLAGS) == "star subtracted"
    assert "5 arcsec" in EXTENDED_FLAGS["dup_src"].values[0].rule


@pytest.mark.parametrize("name, value", [("ph_qual", "AZA"), ("ph_qual", "AA"), ("mp_flg", 7)])
def test_decoder_refuses_what_is_no_flag(name, value):
    with pytest.raises(ValueError, match=name):
        decode(name, value)


def test_documentation_lists_every_value():
    text = as_markdown(PH_QUAL)
    assert all(f"| {value.character} |" in text and value.rule in text for value in PH_QUAL.values)
