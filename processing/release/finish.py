"""The end of a release: what the units of work left is joined to tables, coverage, metadata and manifest."""

from collections import Counter
from dataclasses import asdict, dataclass

import numpy as np

from processing import __version__
from processing.config import survey
from processing.formats.parquet import write_parquet
from processing.release.account import account_of_scans, check, row_account
from processing.release.extended.catalog import ExtendedCatalog, finish_extended
from processing.release.scans.artifact_rows import write_artifacts
from processing.release.catalogs.hats_catalog import write_metadata
from processing.release.scans.observations import scans_table, write_atlas, write_coverage
from processing.release.scans.selection import not_applied
from processing.schema import load_table


@dataclass(frozen=True, eq=False)
class Results:
    """What the units of work returned: lists of ScanResult (scans of the release, and spare ones), of CellResult and of
    PartResult (for each cell), and of NightResult; ``extended``: ExtendedCatalog, None without extended sources."""

    scans: list
    spare: list
    decided: list
    parts: list
    nights: list
    extended: ExtendedCatalog | None = None


def finish_release(folder, choice, cells, results):
    """Write all of a release that is not there yet but its manifest; what the manifest says.

    ``choice``: scan_choice.Choice; ``cells``: cells.Cells; ``results``: Results.
    """
    account_of_scans(results.spare)
    everything = (*choice.chosen, *choice.spare, *sum(choice.visits, []))
    created = max(one.created for scan in everything for one in scan.fields)
    kept = np.array([part.rows for part in results.parts], int)
    write_metadata(folder / "psc", cells, kept, _joined(results.parts, "pixels", "counts"), created)
    per_scan = _summed(results.decided, "scans", "counts", len(choice.chosen))
    check("scan by scan in the catalog", kept.sum(), per_scan.sum())
    extended, told = finish_extended(folder, results.extended, created) if results.extended else ({}, None)
    galaxies = results.extended.decided.per_scan if told else None
    write_parquet(folder / "scans.parquet", scans_table(choice.chosen, per_scan, galaxies), load_table("scans"))
    coadds = sum(len(scan.coadds) for scan in choice.chosen)
    images = write_atlas(folder, len(choice.chosen), _summed(results.parts, "coadds", "in_coadd", coadds + 1)[1:])
    write_coverage(folder, len(choice.chosen))
    artifacts = write_artifacts(folder, len(choice.chosen))
    apparitions = _total(one.apparitions for one in (*results.parts, *results.nights))
    rows = {"psc": int(kept.sum()), "scans": len(choice.chosen), "atlas": images,
            "apparitions": sum(apparitions.values()), "artifacts": artifacts, **extended}  # fmt: skip
    return {"version": __version__, "created": created, "rows": rows, "apparitions": dict(sorted(apparitions.items())),
            "level1_rows": sum(part.level1 for part in results.parts), "left_out": choice.left_out,
            "rows_by_step": row_account(results.scans, results.decided, results.parts),
            "rules_skipped": not_applied(_total(one.unknown for one in results.scans)),
            **_artifacts(results.scans), **_provenance(results), **({"extended": told} if told else {}),
            "files": _files(results)}  # fmt: skip


def _provenance(results):
    """Settings and inputs; the settings of the inputs once each, by the key that the inputs name."""
    everything = (*results.scans, *results.spare, *results.nights)
    settings = {key: value for one in everything for key, value in one.settings.items()}
    evidence = [{"kind": kind, **entry} for kind, some in (("spare", results.spare), ("cal", results.nights))
                for one in some for entry in one.inputs]  # fmt: skip
    rules = ("release", "artifacts", "quality", *(["extended_release"] if results.extended else []))
    return {
        "settings": {name: value for rule in rules for name, value in _section(rule).items()},
        "inputs": [entry for one in results.scans for entry in one.inputs], "evidence": evidence,
        "input_settings": dict(sorted(settings.items())),
    }


def _section(rule):
    """The numbers of a section of survey.yaml: those of the release by themselves, the others under their name."""
    numbers = asdict(getattr(survey(), rule))
    return numbers if rule == "release" else {rule: numbers}


def _artifacts(scans):
    """What was dropped as an artifact, and what is touched by one, by kind."""
    kinds = ("dropped", "touched")
    return {"artifacts": {kind: dict(sorted(_total(one.artifacts[kind] for one in scans).items())) for kind in kinds}}


def _files(results):
    """Fingerprints, by name in the release, of the files that were written by units."""
    parts = (one.files for one in (*results.scans, *results.parts, *results.nights))
    found = {name: mark for part in parts for name, mark in part.items()}
    return found | (results.extended.files if results.extended else {})


def _total(counts):
    total = Counter()
    for one in counts:
        total.update(one)
    return total


def _joined(results, *names):
    """Arrays of all results one after the other, a list of one array for each of ``names``."""
    return [np.concatenate([np.empty(0, int), *(getattr(one, name) for one in results)]).astype(int) for name in names]


def _summed(results, numbers, counts, n):
    """Sum over results of the ``counts`` at these ``numbers``, shape (n,)."""
    total = np.zeros(n, np.int64)
    np.add.at(total, *_joined(results, numbers, counts))
    return total
