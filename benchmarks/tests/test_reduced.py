"""The time of a scan from the records of its units of work."""

import json
import os

from benchmarks.reduced import busy


def test_time_in_which_units_ran_counts_once_and_gaps_do_not(tmp_path):
    paths = [_record(tmp_path, *ends) for ends in ((100, 110), (105, 120), (106, 108), (130, 131))]
    assert busy(paths) == 21.0


def _record(folder, begin, end):
    path = folder / f"unit_{begin}.json"
    path.write_text(json.dumps({"seconds": end - begin}))
    os.utime(path, (end, end))
    return path
