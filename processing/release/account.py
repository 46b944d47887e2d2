"""How the rows read became the rows written, step by step; every row is accounted for."""

from collections import Counter

from processing.errors import SurveyError
from processing.release.scans.selection import AFTER_DUPLICATES, BEFORE_DUPLICATES

TEXTS = {
    **{rule.name: rule.text for rule in BEFORE_DUPLICATES},
    "image overlap": "the apparition farthest from its image's edges, of one scan's images that overlap",
    "tile overlap": "the apparition farthest from its scan's edges, of scans that overlap",
    **{rule.name: rule.text for rule in AFTER_DUPLICATES},
}
"""What each step keeps, in the order of the steps."""


def row_account(of_scans, decided, done):
    """The steps with the rows that each rejected and left, for release.json.

    ``of_scans``, ``decided``, ``done``: results of ``write_scan`` for the scans of the release, and of ``decide_cell``
    and ``complete_cell`` for all cells. SurveyError when rows were lost or came twice on the way.
    """
    read, rejected = account_of_scans(of_scans)
    check("from scans to cells", sum(one.rows for one in of_scans), sum(one.came for one in decided))
    for one in decided:
        rejected.update(one.rejected)
        check(f"in cell {one.number}", one.came - sum(one.rejected.values()), one.kept)
    check("from cells to the catalog", sum(one.kept for one in decided), sum(one.rows for one in done))
    steps, rows = [{"step": "read", "rows": read}], read
    for name, text in TEXTS.items():
        rows -= rejected[name]
        steps.append({"step": name, "rule": text, "rejected": rejected[name], "rows": rows})
    check("all steps together", rows, sum(one.rows for one in done))
    return [*steps, {"step": "written", "rows": rows}]


def account_of_scans(of_scans):
    """Rows read, and rejected by each step (Counter), scan by scan; SurveyError when some were lost on the way."""
    rejected = Counter()
    for one in of_scans:
        lost = sum(rows for step, rows in one.steps.items() if step != "read")
        check(f"in scan {one.number}", one.steps["read"] - lost, one.rows)
        rejected.update(one.steps)
    return rejected.pop("read", 0), rejected


def check(where, expected, found):
    """SurveyError unless both counts of rows are the same."""
    if expected != found:
        raise SurveyError(f"release, {where}: expected {expected} rows, found {found}; this is a fault of the program")
