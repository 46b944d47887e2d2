"""What becomes of a night while it is reduced: told line by line, kept in its status table, summed up in the end."""

import shutil
from collections import Counter

from processing.formats.whole import remove_leftovers
from processing.night.status import status_rows, write_status
from processing.night.units import night_units, unit_name
from processing.quality.picture import remove_pictures
from processing.engine.records import DONE, FAILED, PARTIAL
from processing.night.scan_folder import read_scan, write_failure


class Report:
    """What becomes of a night: its Outcomes, told as they come, and its status table."""

    def __init__(self, night, place):
        self.night, self.place, self.outcomes = night, place, {}
        self.units = night_units(place, night)
        self.scans = {unit_name(night.name, "scan", row.seq): row for row in night.of_type("cal", "sci")}

    def begin(self):
        """Remove what is left of scans that the night log no longer lists, and of units that were killed."""
        remove_leftovers(self.place.folder)
        known = {self.place.scan(row.seq).name for row in self.scans.values()}
        for folder in self.place.folder.glob("s[0-9][0-9][0-9]*"):
            if folder.name not in known and read_scan(folder) is not None:
                print(f"{self.night.name}: {folder.name} is not in the night log, removed")
                shutil.rmtree(folder)
        self.write_status()

    def settled(self, unit, outcome):
        """Remember an Outcome; returns the lines that it is worth."""
        self.outcomes[unit.name] = outcome
        if unit.name in self.scans and outcome.fresh:
            if outcome.state == FAILED:
                self._failed(self.scans[unit.name], outcome)
            self.write_status()
        return list(self._lines(unit, outcome))

    def write_status(self):
        """Write the table as it is now."""
        write_status(self.place.status, self.night, self.outcomes)

    def _failed(self, row, outcome):
        """The folder of a failed scan says why, and holds nothing of an earlier success."""
        folder = self.place.scan(row.seq)
        remove_pictures(self.place, row.seq)
        if (read_scan(folder) or {}).get("failed") != outcome.reason:
            write_failure(folder, outcome.reason, self.night.name, row)

    def _lines(self, unit, outcome):
        if outcome.changed:
            yield f"{unit.name}: done again, changed: {_few(outcome.changed)}"
        if outcome.fresh:
            yield from outcome.notes
        if outcome.state == FAILED and not unit.passing:  # whose reason the scan tells
            yield f"{unit.name}: failed: {outcome.reason}"
        elif outcome.fresh and outcome.state == PARTIAL:
            yield f"{unit.name}: not complete: {outcome.reason}"
        if outcome.fresh and outcome.usable and unit.name in self.scans:
            row = next(row for row in status_rows(self.night, self.outcomes) if row["seq"] == self.scans[unit.name].seq)
            galaxies = f", {row['extended']} of extended sources" if row["type"] == "sci" else ""
            yield f"{unit.name}: {row['rows']} rows{galaxies}, {row['seconds']:.1f} s, {row['memory']:.2f} GB"

    def summary(self):
        """What was read and written, in a sentence."""
        rows = [row for row in status_rows(self.night, self.outcomes) if row["seq"] in self._numbers]
        fresh = sum(outcome.fresh for name, outcome in self.outcomes.items() if name in self.scans)
        states = Counter(row["state"] for row in rows)
        told = ", ".join(f"{states[state]} {state}" for state in (DONE, PARTIAL, FAILED) if states[state])
        return (f"{self.place.folder}: {len(rows)} scans ({told or 'none'}; {len(rows) - fresh} were there already), "
                f"{sum(row['rows'] for row in rows)} rows; look at {self.place.page}")  # fmt: skip

    def complaint(self):
        """What is missing of the night, "" when nothing is."""
        rows = status_rows(self.night, self.outcomes)
        states = Counter(row["state"] for row in rows)
        parts = [f"{states[state]} of {len(rows)} sequences {state}" for state in (FAILED, PARTIAL) if states[state]]
        others = [unit.name for unit in self.units if unit.name not in self.scans
                  and self.outcomes[unit.name].state == FAILED and not parts]  # fmt: skip
        parts += [f"{name} failed" for name in others]
        return f"{self.night.name}: {', '.join(parts)} (reasons in {self.place.status})" if parts else ""

    @property
    def _numbers(self):
        return {row.seq for row in self.scans.values()}


def _few(words, most=3):
    return ", ".join(words[:most]) + (f" and {len(words) - most} more" if len(words) > most else "")
