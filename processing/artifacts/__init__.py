"""Artifacts: which detections of a scan are no sources but what bright stars leave behind, and which are touched.

    parents = parents_of(points, scan)                        # bright stars of one scan: rows of a small array
    around = near(np.concatenate([parents, ...]), scan)       # those of all scans whose artifacts may reach this one
    found = find_artifacts(points, around, scan)              # found.cc_flg takes the place of the column

``points`` is the table of a scan (columns of psc), ``scan`` the content of its ``scan.json``. A star just outside a
scan leaves its spikes inside: its neighbour knows it. Very bright stars that no scan holds come from a list
(``bright_stars``). The same star may be there twice. ``REACH`` is the farthest that any artifact lies from its star,
arcsec; that of each star is in its field ``reach``.

The rule is that of MAPCOR (Explanatory Supplement IV.7a): a detection near a bright star is judged by its place and its
magnitude. Each kind says how bright its brightest false star is at a place; what is as faint is taken for an artifact,
what is brighter for a real source that it touches. Where that would be fainter than the scan lists, the artifact ends.

    p  persistence.py   whole frame steps ahead of the star along the scan, on its own pixels, fading
    c  halo.py          around the star; real sources: by the confusion radius of bandmerge/confusion.py
    d  spikes.py        four arms along the axes of the arrays, falling with the square of the distance
    s  stripes.py       the rows of the star, and those 128 pixels north or south, from edge to edge

In each band the first of P C D S p c d s b 0 stands: capitals for artifacts, b and c of the band merge among the
others. A source is an artifact as a whole when it is one in every band in which it was detected; a release drops it.
Seen clean in one band it is real, and its other letters become lower case.

Where the arrays point and how far a frame steps is in ``scan.json`` (quality: astrometry); without it arms are as wide
as the largest rotation of the camera makes them. Glints of filters and dichroics (fixed offsets from a star by band and
camera) are not looked for: nothing tells their offsets, and simulated cameras have none.

How well it does (simulated nights, thresholds in ``survey.yaml``) is in ``tests/``.
"""

from processing.artifacts.find import Artifacts, find_artifacts, parents_of
from processing.artifacts.parents import bright_stars, near
from processing.config import survey

REACH = survey().artifacts.reach

__all__ = ["REACH", "Artifacts", "bright_stars", "find_artifacts", "near", "parents_of"]
