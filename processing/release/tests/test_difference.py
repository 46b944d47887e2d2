"""What differs between two releases: what was changed by hand is found, all of it and nothing else, and why."""

import json
from argparse import Namespace
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from processing.artifacts import Artifacts
from processing.cli import main
from processing.config import survey
from processing.errors import SurveyError
from processing.formats.parquet import read_parquet
from processing.formats.tests.real_rows import real_points
from processing.release.difference import cells as difference_cells
from processing.release.difference.compare import match
from processing.release.difference.cells import Summary, differences
from processing.release.difference.command import run
from processing.release.difference.rules import RULES
from processing.release.difference.side import common_cells
from processing.release.make import make_release
from processing.release.tests.bulk_maker import bulk_release, changed
from processing.release.tests.field_maker import real_scan, scan_corners, write_field
from processing.schema import load_table

ARCSEC = 1 / 3600
TABLE = load_table("differences")


def compare(one, other):
    """All rows of the table of differences, as dicts, and the Summary."""
    summary = Summary()
    return pa.concat_tables(differences(one, other, summary)).to_pylist(), summary


@pytest.fixture(scope="module")
def older(tmp_path_factory):
    return bulk_release(tmp_path_factory.mktemp("older"), "older", real_points())


def test_a_release_does_not_differ_from_itself(older):
    rows, summary = compare(older, older)
    assert rows == [] and summary.rows == [683, 683] and summary.both == 683


def test_what_was_changed_is_found_and_nothing_else(older, tmp_path):
    data = real_points()
    good = np.flatnonzero(np.array(data["ph_qual"].to_pylist()) == "AAA")[:40]
    data = changed(data, good[:3], dec=lambda dec: dec + 1.9 * ARCSEC)
    data = changed(data, good[3:5], j_m=lambda m: m + 1.0)
    data = changed(data, good[5:7], h_m=lambda m: m - 0.01)  # within the errors of 0.03 and more
    data = changed(data, good[7:8], k_m=lambda m: m - 2.0, ra=lambda ra: ra + 1.9 * ARCSEC)
    gone, new = good[8:10], good[10:12]
    kept = np.setdiff1d(np.arange(683), gone)
    added = changed(data.take(new), np.arange(2), dec=lambda dec: dec + 60 * ARCSEC, pts_key=lambda key: key + 1)
    rows, summary = compare(older, bulk_release(tmp_path, "newer", pa.concat_tables([data.take(kept), added])))
    assert summary.rows == [683, 683] and summary.both == 681
    keys = {kind: {row["pts_key_b"] or row["pts_key_a"] for row in rows if row["kind"] == kind}
            for kind in ("changed", "vanished", "appeared")}
    real = np.array(real_points()["pts_key"].to_pylist())
    assert keys["changed"] == set(real[np.concatenate([good[:5], good[7:8]])].tolist())
    assert keys["vanished"] == set(real[gone].tolist())
    assert keys["appeared"] == set((real[new] + 1).tolist())
    assert dict(summary.beyond) == {"moved": 4, "j": 2, "h": 0, "k": 1}
    assert sum(summary.regions.values()) == len(rows) == 10


def test_changes_are_told_with_their_size_in_magnitudes_and_sigma(older, tmp_path):
    row = int(np.flatnonzero(np.array(real_points()["ph_qual"].to_pylist()) == "AAA")[0])
    newer = bulk_release(tmp_path, "newer", changed(real_points(), [row], k_m=lambda m: m + 1.25))
    found, = compare(older, newer)[0]
    real = real_points().slice(row, 1).to_pylist()[0]
    assert found["k_change"] == pytest.approx(1.25, abs=1e-3)
    assert found["k_sigma"] == pytest.approx(1.25 / (2**0.5 * real["k_msigcom"]), rel=1e-3)
    assert (found["j_change"], found["moved"], found["rule"]) == (0.0, 0.0, "same scan")
    assert found["designation_a"] == found["designation_b"] == real["designation"]


def test_pieces_of_the_sky_change_nothing(older, tmp_path, monkeypatch):
    """Also for sources that moved across the rim of a piece: many pieces, all sources shifted by an arcsec."""
    def all_differences():
        data = real_points().take(np.setdiff1d(np.arange(683), np.arange(0, 683, 50)))
        newer = bulk_release(tmp_path, "newer", changed(data, slice(None), ra=lambda ra: ra + ARCSEC))
        rows, summary = compare(older, newer)
        return sorted(rows, key=lambda row: row["pts_key_a"]), summary

    whole, few = all_differences()
    small = replace(survey(), difference=replace(survey().difference, cell_rows=90))
    monkeypatch.setattr(difference_cells, "survey", lambda: small)
    pieces, many = all_differences()
    assert pieces == whole and many == few
    assert few.both == 669 and few.rules["vanished", "not listed"] == 14


def test_pieces_hold_all_partitions_once_whatever_their_orders():
    one = {(1, 5): 100, (2, 0): 50, (3, 12): 1}
    other = {(3, 5 << 4): 90, (0, 0): 500, (2, 40): 7}
    assert common_cells(one, other, 10_000) == [(0, 0), (1, 5), (2, 40)]
    pieces = common_cells(one, other, 200)
    assert (0, 0) not in pieces and (2, 40) in pieces and (1, 5) in pieces
    area = sum(4.0 ** -order for order, pixel in pieces if pixel >> 2 * order == 0)
    assert area == 1.0


def test_sources_are_matched_to_the_nearest_and_the_rest_among_themselves():
    def table(*dec):
        rows = real_points().slice(0, len(dec))
        return changed(changed(rows, slice(None), ra=lambda _: 10.0), slice(None), dec=dict(
            zip(rows["dec"].to_pylist(), (d * ARCSEC for d in dec))).get)

    found = match(table(0.0, 1.5, 100.0), table(0.6, 2.1, 50.0))
    assert found.pairs.tolist() == [[0, 0], [1, 1]]
    assert (found.only_a.tolist(), found.only_b.tolist()) == ([2], [2])
    assert match(table(0.0, 1.0), table(0.9)).pairs.tolist() == [[1, 0]]


def write_scans(root, scans, **changes):
    for scan in scans:
        write_field(root / f"s{scan:03d}", real_scan(scan), scan_corners(scan), **changes.get(f"s{scan}", {}))
    return root


@pytest.fixture(scope="module")
def of_four(tmp_path_factory):
    root = tmp_path_factory.mktemp("four")
    return make_release([write_scans(root / "work", (56, 57, 58, 59))], root / "four")


def counts(rows, kind):
    found = {}
    for row in rows:
        if row["kind"] == kind:
            found[row["rule"]] = found.get(row["rule"], 0) + 1
    return found


def test_without_a_scan_its_sources_vanish_for_that_reason(of_four, tmp_path):
    three = make_release([write_scans(tmp_path / "work", (56, 57, 58))], tmp_path / "three")
    assert counts(compare(of_four, three)[0], "vanished") == {"scan missing": 133}
    assert counts(compare(three, of_four)[0], "appeared") == {"scan missing": 133}


def test_a_scan_that_failed_is_told_from_one_that_is_not_there(of_four, tmp_path):
    work = write_scans(tmp_path / "work", (56, 57, 58, 59))
    record = work / "s059" / "scan.json"
    content = json.loads(record.read_text())
    record.write_text(json.dumps({key: content[key] for key in ("version", "stage", "created", "settings", "inputs")}
                                 | {"id": {"date": "2000-01-30", "hemis": "s", "scan": 59}, "failed": "no stars"}))
    three = make_release([work], tmp_path / "three")
    assert counts(compare(of_four, three)[0], "vanished") == {"scan left out": 133}


def test_of_the_same_scan_reduced_again_the_changes_are_told_as_such(of_four, tmp_path):
    work = write_scans(tmp_path / "work", (56, 57, 58))
    points = changed(real_scan(59), np.arange(5), j_m=lambda m: m + 3.0)
    write_field(work / "s059", points, scan_corners(59))
    again = make_release([work], tmp_path / "again")
    assert counts(compare(of_four, again)[0], "changed") == {"measured again": 5}


def test_another_winner_is_told(tmp_path):
    """Bright sources of scan 57 that 56 sees too, less deep: with 56 alone, 56 is where they come from."""
    in_both = real_scan(57).filter((pc.field("ra") > 127.3735) & (pc.field("ra") < 127.3845) & (pc.field("j_m") < 16))
    twins = changed(in_both, slice(None), j_m=lambda m: m + 1.5, scan=lambda _: 56, coadd=lambda _: 198,
                    dist_edge_ew=lambda _: 12)
    write_field(tmp_path / "one" / "56", twins, scan_corners(56))
    one = make_release([tmp_path / "one"], tmp_path / "a")
    write_field(tmp_path / "two" / "56", twins, scan_corners(56))
    write_field(tmp_path / "two" / "57", in_both, scan_corners(57))
    rows = compare(one, make_release([tmp_path / "two"], tmp_path / "b"))[0]
    assert len(in_both) == 3
    assert counts(rows, "changed") == {"other scan": len(in_both)} and len(rows) == len(in_both)


def test_what_a_wider_border_cuts_off_is_told(of_four, tmp_path, monkeypatch):
    from processing.release import finish
    from processing.release.scans import selection

    wide = replace(survey(), release=replace(survey().release, border=60.0))
    for module in (finish, selection):
        monkeypatch.setattr(module, "survey", lambda: wide)
    other = make_release([write_scans(tmp_path / "work", (56, 57, 58, 59))], tmp_path / "wide")
    vanished = counts(compare(of_four, other)[0], "vanished")
    edge = np.fmin(real_points()["dist_edge_ns"].to_numpy(), real_points()["dist_edge_ew"].to_numpy())
    assert vanished == {"border": int((edge <= 60).sum())}
    assert vanished["border"] > 10


def test_the_command_writes_the_table_and_says_all_of_it(older, tmp_path, capsys):
    newer = bulk_release(tmp_path, "newer", changed(real_points().slice(0, 680), [1], j_m=lambda m: m + 5.0))
    out = tmp_path / "d.parquet"
    assert main(["release", "diff", str(older.path), str(newer.path), "--out", str(out)]) == 0
    table, text = read_parquet(out, TABLE), capsys.readouterr().out
    assert sorted(table["kind"].to_pylist()) == ["changed", *["vanished"] * 3]
    for words in ("680 sources in both", "3 vanished", "1 changed in J", RULES["not listed"], "d.parquet: 4 rows",
                  "by region (HEALPix order 5, nested), "):
        assert words in text
    assert main(["release", "diff", str(older.path), str(tmp_path / "nowhere")]) == 1
    assert "twomass release diff: " in capsys.readouterr().err


def test_the_help_of_both_commands_is_their_own(capsys):
    for argv, words in ((["release", "diff", "--help"], "appeared, vanished"), (["release", "-h"], "Make a release")):
        with pytest.raises(SystemExit):
            main(argv)
        assert words in capsys.readouterr().out


def test_a_folder_that_is_no_release_is_refused(older, tmp_path):
    (tmp_path / "x").mkdir()
    with pytest.raises(SurveyError, match="not a release folder"):
        run(Namespace(one=older.path, other=tmp_path / "x", out=None))


def test_what_the_other_release_takes_for_an_artifact_is_told(of_four, tmp_path, monkeypatch):
    """The rules of one release find three artifacts more; its table of artifacts names them."""
    names = real_scan(57)["designation"].to_pylist()[20:23]

    def find(points, bright, scan):
        wrong = np.isin(points["designation"].to_pylist(), names)
        return Artifacts(pa.array(np.where(wrong, "D00", "000")), wrong, {"d": int(wrong.sum())}, {})

    monkeypatch.setattr("processing.artifacts.find_artifacts", find)
    other = make_release([write_scans(tmp_path / "work", (56, 57, 58, 59))], tmp_path / "strict")
    other.verify()
    dropped = other.read("artifacts").to_pylist()
    assert sorted(row["designation"] for row in dropped) == sorted(names)
    assert {(row["scan"], row["cc_flg"]) for row in dropped} == {(57, "D00")}
    assert counts(compare(of_four, other)[0], "vanished") == {"artifact": 3}


def test_a_release_without_sources_lacks_all_of_the_other(of_four, tmp_path):
    work = write_field(tmp_path / "work", real_scan(57).slice(0, 0), scan_corners(57), coadds=[68],
                       ids={"date": "2000-01-30", "hemis": "s", "scan": 57})
    empty = make_release([work], tmp_path / "empty")
    assert counts(compare(of_four, empty)[0], "vanished") == {"scan missing": 483, "not listed": 200}
    assert compare(empty, empty)[0] == []
