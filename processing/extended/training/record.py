"""The file of the classifier: the trees, and all that is needed to make or to judge them again."""

import hashlib
import json

import numpy as np

from processing import __version__
from processing.extended.features import LETTERS
from processing.extended.parameters import NAMES, SYMMETRY
from processing.extended.ridge import COMPARED, Ridge
from processing.extended.scores import Classifier, usual_ridge
from processing.extended.training.figures import figures
from processing.extended.training.learn import FOLDS, RISING, TREES, learn
from processing.extended.training.scene import sample
from processing.extended.training.sites import LATITUDES, SHAPE, sites
from processing.extended.trees import forest_of
from processing.formats.whole import whole_file

FIRST_RIDGE = Ridge(np.zeros(COMPARED), np.full(COMPARED, 0.03), np.full(COMPARED, 2.0), 0)
"""What is expected of stars before any was measured."""

HELD_OUT = 500
"""Added to the seed of the scenes that are held out."""


def trained_record(scenes, held_out, seed, step=lambda: None):
    """Train on ``scenes`` scenes and judge on ``held_out`` others: the content of the file; ``step`` is called after
    each scene."""
    samples = [_stepped(site, step) for site in sites(scenes, seed)]
    others = [_stepped(site, step) for site in sites(held_out, seed + HELD_OUT)]
    return record_of(samples, others, seed)


def _stepped(site, step):
    found = sample(site, dict.fromkeys(LETTERS, FIRST_RIDGE))
    step()
    return found


def record_of(samples, others, seed):
    """The content of the file from Samples to learn from and others to judge it on."""
    forests = learn(samples, seed)
    ridges = usual_ridges(samples)
    usual = {band: usual_ridge(one) for band, one in ridges.items()}
    trained = Classifier(**{name: forest_of(one) for name, one in forests.items()}, usual=usual)
    return {
        "what": "Star-galaxy separation of extended sources: boosted trees; made by twomass train-extended",
        "version": __version__, "settings": settings(len(samples), len(others), seed), "data": _data(samples, others),
        "figures": figures(others, trained), "ridges": ridges, "sha256": digest(forests), "forests": forests,
    }  # fmt: skip


def settings(scenes, held_out, seed):
    """What a file depends on, besides the program."""
    return {"scenes": scenes, "held_out": held_out, "seed": seed, "latitudes": list(LATITUDES), "shape": list(SHAPE),
            "folds": FOLDS, "trees": TREES, "rising": {name: list(one) for name, one in RISING.items()}}  # fmt: skip


def usual_ridges(samples):
    """Letter -> medians over scenes of the offset, floor and slope of the stars' parameters."""
    middle = np.median([one.ridges for one in samples], axis=0)
    names = ("offset", "floor", "slope")
    return {band: {name: [float(f"{value:.4g}") for value in row] for name, row in zip(names, rows)}
            for band, rows in zip(LETTERS, middle)}  # fmt: skip


def _data(samples, others):
    """What was learnt from, in numbers."""
    content = hashlib.sha256()
    for one in samples:
        for part in (one.bands, one.geometry, one.magnitudes, one.density, one.label, one.weight):
            content.update(np.round(part, 3).astype(np.float32).tobytes())
    counts = {name: int(sum(count(one) for one in scenes)) for name, count, scenes in (
        ("candidates", _rows, samples), ("galaxies", _galaxies, samples),
        ("held_out_candidates", _rows, others), ("held_out_galaxies", _galaxies, others))}  # fmt: skip
    return counts | {"parameters": [*NAMES, *SYMMETRY], "sha256": content.hexdigest()}


def _rows(one):
    return len(one.label)


def _galaxies(one):
    return one.label.sum()


def digest(forests):
    """SHA-256 of the trees as they stand in the file."""
    return hashlib.sha256(json.dumps(forests, sort_keys=True).encode()).hexdigest()


def written(record, path):
    """Write the file, a tree a line."""
    forests = record["forests"]
    head = json.dumps({key: value for key, value in record.items() if key != "forests"}, indent=1)[:-2]
    parts = [f'  {json.dumps(name)}: {_forest_text(one)}' for name, one in forests.items()]
    with whole_file(path) as partial:
        partial.write_text(head + ',\n "forests": {\n' + ",\n".join(parts) + "\n }\n}\n")


def _forest_text(forest):
    head = json.dumps({key: value for key, value in forest.items() if key != "trees"})[:-1]
    trees = (json.dumps(tree, separators=(",", ":")) for tree in forest["trees"])
    return head + ', "trees": [\n   ' + ",\n   ".join(trees) + "]}"
