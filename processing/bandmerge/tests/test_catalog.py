"""The table of point sources of a field: every column, nulls where they belong, values where the truth is known."""

import numpy as np
import pytest

from processing.bandmerge.band_columns import NUMBERS
from processing.bandmerge.catalog import catalog_columns, merge_sources
from processing.bandmerge.field_plane import FieldPlane
from processing.bandmerge.tests.lists import band_sources
from processing.formats.atlas_field import make_field
from processing.formats.atlas_image import read_atlas_image
from processing.formats.tables import make_table
from processing.formats.tests.atlas_files import blank, real_image, write_atlas
from processing.schema import load_table

PSC = load_table("psc")
NEVER = ("ndet", "pxcntr", "gal_contam", "mp_flg", "pts_key", "dup_src", "use_src", "a", "dist_opt", "phi_opt",
         "b_m_opt",
         "vr_m_opt", "nopt_mchs", "ext_key", "scan_key", "coadd_key")
"""What an Atlas Image alone cannot tell."""

X, Y = np.array([20.2, 40.0, 40.0, 55.0]), np.array([50.0, 10.0, 30.0, 45.0])


def field(tmp_path, bands="jhk", shape=(64, 64), **changed):
    return make_field([read_atlas_image(write_atlas(tmp_path / f"{b}.fits", blank(*shape), FILTER=b, **changed))
                       for b in bands])


def table(of_field, sources):
    """The arrow table as the working database keeps it, as a dict of lists."""
    plane = FieldPlane(of_field)
    columns = catalog_columns(plane, sources, merge_sources(plane, sources))
    return make_table(columns, PSC, "extract").to_pydict()


def noise(sigma=0.5):
    return np.random.default_rng(0).normal(0, sigma, (64, 64))


def three_bands(**changed):
    return {b: band_sources(b, X, Y, residual=noise(), **changed) for b in "jhk"}


def test_all_columns_are_there_and_the_unknown_ones_are_null(tmp_path):
    rows = table(field(tmp_path), three_bands())
    assert list(rows) == PSC.names and len(PSC.names) == 60
    for name, values in rows.items():
        assert all(v is None for v in values) == (name in NEVER), name


def test_rows_follow_declination_and_positions_are_those_of_the_wcs(tmp_path):
    of_field = field(tmp_path)
    rows = table(of_field, three_bands())
    ra, dec = of_field.first.sky_position(X, Y)
    order = np.argsort(dec)
    np.testing.assert_allclose(rows["dec"], dec[order], atol=5.1e-7)
    np.testing.assert_allclose(rows["ra"], ra[order], atol=5.1e-7)
    np.testing.assert_allclose(rows["x_scan"], (X + 1 - 256.5)[order], atol=0.06)


def test_magnitudes_follow_the_header(tmp_path):
    """MAGZP 20.9133 and 1000 DN with an error of 10: 13.413 mag, 0.011 mag; scan S/N over the noise of 8 DN: 125."""
    rows = table(field(tmp_path), three_bands())
    assert rows["j_m"][0] == pytest.approx(20.9133 - 7.5, abs=6e-4)
    assert rows["h_cmsig"][0] == pytest.approx(0.011, abs=1e-6)
    assert rows["k_msigcom"][0] == pytest.approx(np.hypot(np.hypot(0.01086, 0.007), 0.005), abs=6e-4)
    assert rows["j_snr"][0] == 125 and set(rows["ph_qual"]) == {"AAA"}


def test_band_without_an_image_is_null_and_no_limit(tmp_path):
    sources = three_bands()
    rows = table(field(tmp_path, "jk"), {b: sources[b] for b in "jk"})
    assert all(rows[f"h_{name}"][0] is None for name in NUMBERS)
    assert (rows["ph_qual"][0], rows["rd_flg"][0], rows["bl_flg"][0], rows["cc_flg"][0]) == ("AXA", "292", "101", "000")


def test_band_that_does_not_detect_gives_a_limit(tmp_path):
    """Two sigma of a 4 arcsec aperture on noise of 0.5 DN: magnitude of about 2 x 0.5 x sqrt(50) x 1.05 DN, or
    brighter."""
    sources = three_bands()
    sources["h"] = sources["h"].select(np.array([], int))
    rows = table(field(tmp_path), sources)
    two_sigma = 20.9133 - 2.5 * np.log10(2 * 0.5 * np.sqrt(16 * np.pi) * 1.05)
    assert (np.array(rows["h_m"]) < two_sigma + 0.5).all() and (np.array(rows["h_m"]) > two_sigma - 1.5).all()
    assert set(rows["ph_qual"]) == {"AUA"} and set(rows["rd_flg"]) == {"202"} and set(rows["bl_flg"]) == {"101"}
    assert rows["h_cmsig"] == rows["h_snr"] == rows["h_psfchi"] == rows["h_m_stdap"] == [None] * 4


def test_source_outside_a_bands_coverage_has_no_magnitude_in_it(tmp_path):
    sources = three_bands()
    residual = noise()
    residual[:, :30] = np.nan
    sources["h"] = band_sources("h", [], [], residual=residual)
    rows = table(field(tmp_path), sources)
    west = np.argsort(rows["x_scan"])
    assert rows["rd_flg"][west[0]] == "292" and rows["h_m"][west[0]] is None and rows["ph_qual"][west[0]] == "AXA"
    assert rows["rd_flg"][west[-1]] == "202"


def test_detection_without_usable_flux_is_flagged_9(tmp_path):
    rows = table(field(tmp_path), three_bands(flux=[1000, -5.0, np.nan, 1000], method=[2, 2, 2, 9]))
    assert sorted(rows["rd_flg"]) == ["222", "999", "999", "999"]
    assert [m for m, flag in zip(rows["j_m"], rows["rd_flg"]) if flag == "999"] == [None] * 3
    assert set(rows["ph_qual"]) == {"AAA", "XXX"}


def test_aperture_magnitude_has_no_chi_and_is_poor(tmp_path):
    rows = table(field(tmp_path), three_bands(method=4, chi2=np.nan, blend=3))
    assert set(rows["ph_qual"]) == {"EEE"} and set(rows["bl_flg"]) == {"111"} and rows["j_psfchi"] == [None] * 4


def test_blend_numbers_end_at_seven(tmp_path):
    rows = table(field(tmp_path), three_bands(blend=[1, 2, 7, 12]))
    assert sorted(rows["bl_flg"]) == ["111", "222", "777", "777"]


def test_unresolved_pair_is_flagged_6_with_the_blend_as_limit(tmp_path):
    sources = three_bands()
    for band in "jh":
        sources[band] = band_sources(band, [30.0, 32.6], [30.0, 30.0], flux=600.0, blend=2, residual=noise())
    sources["k"] = band_sources("k", [31.3], [30.0], flux=1200.0, residual=noise())
    rows = table(field(tmp_path), sources)
    assert rows["rd_flg"] == ["226", "226"] and rows["ph_qual"] == ["AAU", "AAU"] and rows["bl_flg"] == ["220", "220"]
    blend = 20.9133 - 2.5 * np.log10(1200)
    assert all(blend - 0.1 < m < blend for m in rows["k_m"]) and rows["k_cmsig"] == [None, None]
    assert rows["cc_flg"] == ["cc0", "cc0"] and rows["prox"] == [pytest.approx(2.6)] * 2
    assert sorted(rows["pxpa"]) == [90, 270]


def test_errors_of_bright_stars_end_at_the_reference_frame(tmp_path):
    """Published errors are never below 0.06 arcsec."""
    rows = table(field(tmp_path), three_bands(x_var=1e-8))
    assert min(rows["err_min"]) == pytest.approx(0.06) and max(rows["err_maj"]) == pytest.approx(0.06)


def test_error_ellipse_lies_as_the_covariance(tmp_path):
    """x grows west: a covariance xy > 0 leans from north to west, position angle 135 east of north."""
    sources = {"j": band_sources("j", X, Y, x_var=0.09, xy_cov=0.08, residual=noise())}
    rows = table(field(tmp_path, "j"), sources)
    assert set(rows["err_ang"]) <= {134, 135, 136}
    assert rows["err_maj"][0] == pytest.approx(np.sqrt(0.17 + 2 * 0.05**2), abs=0.006)
    assert rows["err_min"][0] == pytest.approx(np.sqrt(0.01 + 2 * 0.05**2), abs=0.006)


def test_offset_of_a_band_leaves_the_position_between(tmp_path):
    rng = np.random.default_rng(4)
    x, y = rng.uniform(4, 60, (2, 12))
    sources = {"j": band_sources("j", x, y, residual=noise()), "h": band_sources("h", x + 0.4, y, residual=noise())}
    of_field = field(tmp_path, "jh")
    rows = table(of_field, sources)
    assert len(rows["ra"]) == 12
    np.testing.assert_allclose(np.sort(rows["x_scan"]), np.sort(x + 0.2 + 1 - 256.5), atol=0.06)


def test_distance_to_the_edges_of_a_whole_image(tmp_path):
    """Edges at +-256 arcsec across; along, the six-frame part of W44's scan ends at 160 and 22309 arcsec."""
    of_field = field(tmp_path, "j", shape=(1024, 512))
    x, y = np.array([10.2, 500.0]), np.array([100.0, 1000.0])
    rows = table(of_field, {"j": band_sources("j", x, y, residual=np.zeros((1024, 512)))})
    assert rows["dist_edge_ew"] == [11, 12] and rows["dist_edge_flg"] == ["se", "sw"]
    along = -17153.5 + y + 1 - 512.5
    np.testing.assert_allclose(rows["dist_edge_ns"], along + 22308.8, atol=1)


def test_cut_image_gives_the_edge_only_where_it_is_certain(tmp_path):
    """A cut of the eastern 64 columns: the western edge is not in it."""
    rows = table(field(tmp_path, "j"), {"j": band_sources("j", X, Y, residual=noise())})
    by_x = sorted(zip(rows["x_scan"], rows["dist_edge_ew"], rows["dist_edge_flg"]))
    assert [d for _, d, _ in by_x] == [21, None, None, None]
    assert [flag for *_, flag in by_x] == ["se", None, None, None]


def test_real_images_give_the_times_of_their_headers():
    of_field = make_field([read_atlas_image(real_image("w44_j.fits"))])
    rows = table(of_field, {"j": band_sources("j", [255.5, 255.5], [0.0, 1023.0], residual=np.zeros((1024, 512)))})
    south, north = rows["jdate"]
    assert (south - north) * 86400 == pytest.approx(1023 / 55.4, abs=9)
    assert np.mean([south, north]) == pytest.approx(2451400.6076, abs=2e-4)
    assert rows["coadd"] == [209, 209] and rows["date"] == ["1999-08-10"] * 2


def test_field_without_sources_makes_an_empty_table(tmp_path):
    sources = {b: band_sources(b, [], [], residual=noise()) for b in "jhk"}
    rows = table(field(tmp_path), sources)
    assert list(rows) == PSC.names and rows["ra"] == []


def test_lone_source_has_no_neighbour(tmp_path):
    rows = table(field(tmp_path, "j"), {"j": band_sources("j", [30.0], [30.0], residual=noise())})
    assert rows["prox"] == [None] and rows["pxpa"] == [None]
