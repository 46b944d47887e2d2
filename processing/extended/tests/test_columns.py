"""The table of extended sources: every column of the catalog, rounded as printed, null where nobody can know."""

import pytest

from processing.bandmerge.tests.scans import plane_of, solved
from processing.extended.columns import decimals, extended_table
from processing.schema import load_table

TABLE = load_table("xsc")


@pytest.fixture(scope="module")
def plane():
    return plane_of(solved(60))


def row(plane, x, y, **known):
    ra, dec = plane.sky_position([x], [y])
    return {"ra": float(ra[0]), "dec": float(dec[0]), "x": x, "y": y, "e_score": 1.0512, "g_score": 1.1, **known}


def test_rows_go_from_south_to_north_with_names_numbers_and_neighbours(plane):
    places = [(300.0, 2500.0), (200.0, 900.0), (300.0, 2530.0)]
    found = extended_table([row(plane, *place) for place in places], plane, "reduce")
    assert found.column_names == TABLE.names
    assert found["dec"].to_pylist() == sorted(found["dec"].to_pylist())
    assert found["prox"].to_pylist()[1:] == pytest.approx([30.0, 30.0], abs=0.2)
    assert abs(found["pxpa"].to_pylist()[1]) <= 1 and found["pxpa"].to_pylist()[2] == pytest.approx(180, abs=1)
    assert all(len(name) == 16 for name in found["designation"].to_pylist())
    assert found["scan"].to_pylist() == [plane.number] * 3 and len(set(found["coadd"].to_pylist())) == 2
    assert found["id"].to_pylist() == [1, 1, 2]


def test_numbers_are_rounded_as_the_catalog_prints_them_and_the_unmeasured_is_null(plane):
    known = {"k_m_k20fe": 12.34567, "k_msig_k20fe": None, "r_k20fe": 10.26, "k_flg_k20fe": 0, "k_phi": -45}
    found = extended_table([row(plane, 300.0, 1500.0, **known)], plane, "reduce").to_pylist()[0]
    assert found["k_m_k20fe"] == pytest.approx(12.346) and found["r_k20fe"] == pytest.approx(10.3)
    assert found["e_score"] == pytest.approx(1.05) and found["k_flg_k20fe"] == 0 and found["k_phi"] == -45
    assert all(found[name] is None for name in ("k_msig_k20fe", "j_m_k20fe", "vc", "cc_flg", "ext_key", "id_cat"))
    assert {decimals(column) for column in TABLE.columns if column.datatype in ("float", "double")} <= set(range(7))


def test_a_place_in_an_atlas_image_is_told_from_its_corner(plane):
    image = plane.images[1]
    rows, columns = image.shape
    x, y = plane.grid.wcs.wcs_world2pix(*image.centre, 0)
    found = extended_table([row(plane, float(x), float(y))], plane, "reduce").to_pylist()[0]
    assert found["coadd"] == image.number
    assert (found["x_coadd"], found["y_coadd"]) == pytest.approx((columns / 2, rows / 2), abs=0.6)


def test_no_source_is_an_empty_table(plane):
    assert extended_table([], plane, "reduce").num_rows == 0


