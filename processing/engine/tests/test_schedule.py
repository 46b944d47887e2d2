"""Units of work: what is done once, what is done again, and what a failure costs."""

import os

import pytest

from processing.errors import SurveyError
from processing.engine.records import FAILED
from processing.engine.schedule import Unit, Work, finished, perform


def copied(source, target, needed):
    """A unit of work that counts how often it was done."""
    text = source.read_text()
    if text == "bad":
        raise SurveyError("bad input")
    if text == "fault":
        raise ZeroDivisionError("a fault")
    target.write_text(text)
    with (target.parent / "done").open("a") as log:
        log.write(f"{target.name}\n")
    return Work((target,), {"length": len(text)})


@pytest.fixture
def units(tmp_path):
    """One that copies an input, and one that needs it."""
    source, first, second = tmp_path / "input", tmp_path / "first", tmp_path / "second"
    source.write_text("abc")
    records = tmp_path / "units"
    return (Unit("one", records / "one.json", copied, (source, first), (source,), "log"),
            Unit("two", records / "two.json", copied, (first, second), (), None, ("one",)))  # fmt: skip


def done_all(units):
    """Perform units in order; the names of those that were really done."""
    outcomes = {}
    for unit in units:
        outcomes[unit.name] = perform(unit, {name: outcomes[name] for name in unit.needs})
    return outcomes, [name for name, outcome in outcomes.items() if outcome.fresh]


def test_what_is_done_is_not_done_again(units, tmp_path):
    assert done_all(units)[1] == ["one", "two"]
    assert done_all(units)[1] == [] and set(finished(units)) == {"one", "two"}
    assert (tmp_path / "done").read_text() == "first\nsecond\n"


def test_a_changed_input_and_what_depends_on_it_are_done_again_and_say_why(units, tmp_path):
    done_all(units)
    (tmp_path / "input").write_text("abd")
    assert finished(units) == {}
    outcomes, fresh = done_all(units)
    assert fresh == ["one", "two"] and (tmp_path / "second").read_text() == "abd"
    assert outcomes["one"].changed == ("input",) and outcomes["two"].changed == ("one",)


def test_an_input_with_another_time_and_the_same_bytes_is_the_same(units, tmp_path):
    done_all(units)
    os.utime(tmp_path / "input", (1, 1))
    assert done_all(units)[1] == []


def test_another_version_or_setting_or_row_of_the_log_does_all_again(units, monkeypatch):
    done_all(units)
    other = (Unit("one", units[0].record, copied, units[0].args, units[0].inputs, "another log"), units[1])
    assert done_all(other)[0]["one"].changed == ("the night log",)
    monkeypatch.setattr("processing.engine.records.__version__", "0.0")
    assert "version" in done_all(other)[0]["one"].changed[0]


def test_a_product_that_is_gone_or_short_is_made_again(units, tmp_path):
    done_all(units)
    (tmp_path / "second").unlink()
    assert done_all(units)[1] == ["two"]
    (tmp_path / "first").write_text("")
    assert done_all(units)[1] == ["one"]


def test_a_failure_is_tried_again_and_has_its_reason(units, tmp_path):
    (tmp_path / "input").write_text("bad")
    outcome = perform(units[0], {})
    assert (outcome.state, outcome.reason) == (FAILED, "bad input") and not finished(units)
    (tmp_path / "input").write_text("good")
    assert perform(units[0], {}).usable


def test_a_fault_of_the_program_is_a_failure_with_its_trace(units, tmp_path):
    (tmp_path / "input").write_text("fault")
    outcome = perform(units[0], {})
    assert outcome.state == FAILED and "ZeroDivisionError" in outcome.reason
    assert "a fault" in (tmp_path / "units" / "one.traceback").read_text()


def test_a_unit_knows_what_it_took(units):
    outcome = perform(units[0], {})
    assert outcome.numbers == {"length": 3} and 0 < outcome.memory < 10 and outcome.seconds < 10


def gathered(source, target, needed):
    """What a passing unit has made is taken away."""
    work = copied(source, target, needed)
    source.unlink()
    return work


@pytest.fixture
def chain(tmp_path):
    """An input is copied twice and the second copy gathered: ``one`` and ``two`` pass on their files to ``three``."""
    (tmp_path / "input").write_text("abc")
    paths, needs = [tmp_path / name for name in ("input", "first", "second", "third")], ((), ("one",), ("one", "two"))
    return [Unit(name, tmp_path / "units" / f"{name}.json", gathered if name == "three" else copied, (source, target),
                 paths[:1] if name == "one" else (), None, need, name != "three")
            for name, source, target, need in zip(("one", "two", "three"), paths, paths[1:], needs)]  # fmt: skip


def test_what_was_only_passed_on_is_not_made_again(chain, tmp_path):
    assert done_all(chain)[1] == ["one", "two", "three"] and not (tmp_path / "second").exists()
    assert set(finished(chain)) == {"one", "two", "three"}
    (tmp_path / "first").unlink()
    assert set(finished(chain)) == {"one", "two", "three"}


def test_what_was_passed_on_is_made_again_for_one_that_needs_it(chain, tmp_path):
    done_all(chain)
    (tmp_path / "third").unlink()
    assert set(finished(chain)) == {"one"}
    assert done_all(chain)[1] == ["two", "three"] and (tmp_path / "third").read_text() == "abc"
    (tmp_path / "third").unlink()
    (tmp_path / "first").unlink()
    assert finished(chain) == {}


def test_what_waits_to_be_passed_on_is_kept(chain, tmp_path):
    done_all(chain[:2])
    assert set(finished(chain)) == {"one", "two"} and done_all(chain)[1] == ["three"]
