"""The list of the stages is true of the code."""

import ast
import importlib
from pathlib import Path

import pytest

from processing import cli, pipeline

PROCESSING = Path(pipeline.__file__).parent


@pytest.mark.parametrize("stage", pipeline.STAGES, ids=lambda stage: stage.name)
def test_stage_names_a_function_and_a_command(stage):
    module, name = f"processing.{stage.function}".rsplit(".", 1)
    if stage.room == "publish" and stage.name == "switch":
        pytest.importorskip("gavo", reason="the switch runs in the system's Python, inside DaCHS")
    assert callable(getattr(importlib.import_module(module), name))
    assert stage.command and set(stage.command.split(", ")) <= set(cli.COMMANDS)


@pytest.mark.parametrize("task", pipeline.TASKS, ids=lambda task: task.name)
def test_task_names_a_function_and_needs_only_tasks_before_it(task):
    module, name = f"processing.{task.does}".rsplit(".", 1)
    assert callable(getattr(importlib.import_module(module), name))
    names = [one.name for one in pipeline.TASKS]
    assert set(task.needs) <= set(names[:names.index(task.name)])


def test_every_room_with_code_is_in_the_flow():
    for_all = {"config", "formats", "schema", "engine", "tests"}
    folders = {path.parent.name for path in PROCESSING.glob("*/__init__.py")} - for_all
    assert folders == set(pipeline.rooms())


def rooms_imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        yield from (name.split(".")[1] for name in names if name.startswith("processing."))


@pytest.mark.parametrize("room", pipeline.rooms())
def test_no_room_imports_from_one_further_down(room):
    order = pipeline.rooms()
    below = set(order[order.index(room) + 1:])
    wrong = {
        f"{path.relative_to(PROCESSING)}: {name}"
        for path in (PROCESSING / room).rglob("*.py") if "tests" not in path.parts
        for name in rooms_imported(path) if name in below
    }
    assert not wrong


def test_what_is_for_all_imports_from_no_room():
    wrong = {
        f"{path.relative_to(PROCESSING)}: {name}"
        for folder in ("config", "formats", "schema", "engine")
        for path in (PROCESSING / folder).rglob("*.py") if "tests" not in path.parts
        for name in rooms_imported(path) if name in pipeline.rooms()
    }
    assert not wrong


def test_readme_shows_the_stages_as_they_are():
    readme = (PROCESSING.parent / "README.md").read_text()
    assert "\n".join(f"    {line}" for line in pipeline.picture().splitlines()) in readme
