"""Artifacts: which detections of a scan are no sources but what bright stars leave behind, and which are touched.

    parents = parents_of(points, scan)                        # bright stars of one scan: rows of a small array
    around = near(np.concatenate([parents, ...]), scan)       # those of all scans whose artifacts may reach this one
    found = find_artifacts(points, around, scan)              # found.cc_flg takes the place of the column

``points`` is the table of a scan (columns of psc), ``scan`` the content of its ``scan.json``. A star just outside a
scan leaves its spikes inside: its neighbour knows it. Very bright stars that no scan holds come from a list
(``bright_stars``, ``known.read_bright_stars``). The same star may be there twice. ``REACH`` is the farthest that an
artifact lies from a star that another scan holds, arcsec; that of each star is in its field ``reach``.

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

Extended sources are judged by the same rule in the circle of 7 arcsec, and by larger masks of stars (galaxies.py).

Where the arrays point and how far a frame steps is in ``scan.json`` (quality: astrometry); without it arms are as wide
as the largest rotation of the camera makes them. Glints of filters and dichroics (fixed offsets from a star by band and
camera) are not looked for: nothing tells their offsets, and simulated cameras have none.

How well it does, of what a release would list, on simulated nights by their truth (benchmarks/bench_artifacts.py):

    survey, 14 scans                            23 of 25 false sources caught    6 of 25316 real ones lost
    450 parents in one scan, to Ks -4          119 of 119                       33 of 2990
    two scans, 20 stars of Ks -2 to 7 in
    and between them                           764 of 836                       12 of 1582
    ... those outside both given as a list     836 of 836                       13 of 1582
    1e5 stars a square degree to J 16            0 of 1                         25 of 23706
    11 stars, latent images not taken off       73 of 73                         2 of 513

The two of the survey that stay lie 3 and 4 arcsec from stars fainter than the parents. Real ones that are lost lie on
arms of very bright stars, fainter than a false star there would be, or at places of latent images. Without parents
nothing changes at all. Of the letters d and s of the published rows near bright stars all five come out, with one more
(tests/).
"""

from processing.artifacts.find import Artifacts, find_artifacts, parents_of
from processing.artifacts.parents import bright_stars, near
from processing.config import survey

REACH = survey().artifacts.reach

__all__ = ["REACH", "Artifacts", "bright_stars", "find_artifacts", "near", "parents_of"]
