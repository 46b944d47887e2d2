"""The Galaxy: which stars there are, how they are spread and how much dust lies before them.

A model in the form of Wainscoat et al. 1992 (ApJS 83, 111) and Bahcall & Soneira 1980 (ApJS 44, 73): kinds of stars
with their own scale heights in a double-exponential disc, with a thick disc (lengths as in Juric et al. 2008, ApJ 673,
864), an oblate halo and a bulge, seen through an exponential layer of dust. The numbers are round ones: absolute
magnitudes and colours in the manner of the dwarf and giant sequences of Bessell & Brett 1988 and Pecaut & Mamajek 2013,
densities in that of the luminosity function near the Sun (Wielen, Jahreiss & Krueger 1983). They were adjusted, thick
disc, halo and dust above all, to the survey's own counts, and tests/test_sky.py holds them to these.
"""

import numpy as np

# kind, M_VT, VT-J, J-H, H-Ks, stars in 1000 pc3 near the Sun, scale height pc, 1 if it exists in old populations
DWARFS = np.array([
    (-1.0, -0.30, -0.08, -0.03, 0.03, 60, 0),
    (1.0, 0.05, 0.00, 0.01, 0.20, 90, 0),
    (2.4, 0.50, 0.12, 0.03, 0.40, 120, 0),
    (3.4, 0.90, 0.20, 0.04, 0.80, 190, 0),
    (4.4, 1.15, 0.29, 0.06, 1.50, 260, 1),
    (5.4, 1.42, 0.38, 0.08, 2.60, 300, 1),
    (6.4, 1.80, 0.50, 0.10, 2.80, 300, 1),
    (7.4, 2.28, 0.61, 0.13, 2.80, 300, 1),
    (8.6, 2.90, 0.66, 0.17, 4.00, 300, 1),
    (9.8, 3.30, 0.64, 0.21, 5.00, 300, 1),
    (11.0, 3.85, 0.61, 0.24, 8.00, 300, 1),
    (12.5, 4.60, 0.58, 0.28, 12.0, 300, 1),
    (14.2, 5.45, 0.58, 0.33, 9.00, 300, 1),
    (16.5, 6.60, 0.65, 0.42, 5.00, 300, 1),
])  # fmt: skip
GIANTS = np.array([
    (3.0, 1.60, 0.45, 0.09, 0.45, 280, 1),
    (1.8, 1.85, 0.52, 0.10, 0.10, 280, 1),
    (1.0, 1.75, 0.52, 0.10, 0.22, 280, 1),
    (0.3, 2.30, 0.64, 0.13, 0.050, 280, 1),
    (-0.2, 3.00, 0.78, 0.18, 0.013, 280, 1),
    (-0.4, 4.00, 0.88, 0.25, 0.0035, 280, 1),
    (-0.1, 5.70, 0.90, 0.36, 0.0007, 280, 1),
])  # fmt: skip
SEQUENCES = (DWARFS, GIANTS)
MAGNITUDE, COLOURS, DENSITY, HEIGHT, OLD = 0, slice(1, 4), 4, 5, 6
"""Columns of the sequences."""

SUN_R, SUN_Z = 8000.0, 20.0
"""The Sun's distance from the centre and height above the plane, pc."""

DISC_LENGTH, THICK_LENGTH, THICK_HEIGHT, THICK_SHARE = 2600.0, 3600.0, 900.0, 0.10
HALO_SHARE, HALO_FLATTENING, HALO_POWER = 0.003, 0.7, 2.8
BULGE_SHARE, BULGE_SCALE, BULGE_FLATTENING = 130.0, 550.0, 0.6
"""Lengths in pc; shares are densities relative to the disc's near the Sun (the bulge's: at its centre)."""

DUST_PER_PC, DUST_HEIGHT, DUST_LENGTH = 1.0e-3, 100.0, 3500.0
"""Visual extinction near the Sun, mag/pc (Wainscoat et al. 1992: 0.07 mag/kpc at K); scale height and length, pc."""

EXTINCTION = np.array([1.0, 0.282, 0.175, 0.112])
"""VT, J, H, Ks in units of A_V (Rieke & Lebofsky 1985, ApJ 288, 618)."""

DISTANCES = np.geomspace(15, 40000, 91)
"""Edges of the steps along the line of sight, pc."""


def kinds():
    """All kinds as rows (sequence, place in it), and their properties (n, 7)."""
    place = [(s, i) for s, table in enumerate(SEQUENCES) for i in range(len(table))]
    return np.array(place), np.concatenate(SEQUENCES)


def along_sequence(sequence, place):
    """M_VT and the colours VT-J, J-H, H-Ks at fractional places (arrays) of the sequences."""
    result = np.empty((len(place), 4))
    for s, table in enumerate(SEQUENCES):
        here = sequence == s
        for column in range(4):
            result[here, column] = np.interp(place[here], np.arange(len(table)), table[:, column])
    return result


def expected(longitude, latitude, area):
    """Mean number of stars of each kind in each step of DISTANCES on ``area`` deg2 at galactic deg: (kinds, steps)."""
    middle = np.sqrt(DISTANCES[1:] * DISTANCES[:-1])
    volume = np.radians(1) ** 2 * area * np.diff(DISTANCES**3) / 3
    radius, height = _cylindrical(longitude, latitude, middle)
    properties = kinds()[1]
    disc = np.exp(-(radius - SUN_R) / DISC_LENGTH - np.abs(height) / properties[:, HEIGHT, None])
    disc *= np.exp(SUN_Z / properties[:, HEIGHT, None])
    density = disc + properties[:, OLD, None] * _old(radius, height)
    return 1e-3 * properties[:, DENSITY, None] * density * volume


def _old(radius, height):
    thick = THICK_SHARE * np.exp(-(radius - SUN_R) / THICK_LENGTH - np.abs(height) / THICK_HEIGHT)
    halo = HALO_SHARE * (np.hypot(np.hypot(radius, height / HALO_FLATTENING), 1000) / SUN_R) ** -HALO_POWER
    bulge = BULGE_SHARE * np.exp(-np.hypot(radius, height / BULGE_FLATTENING) / BULGE_SCALE)
    return thick + halo + bulge


def extinction(longitude, latitude):
    """A_V (mag) from here to the edges of DISTANCES; the last one is that of everything beyond the Galaxy."""
    middle = np.sqrt(DISTANCES[1:] * DISTANCES[:-1])
    radius, height = _cylindrical(longitude, latitude, middle)
    dust = DUST_PER_PC * np.exp(-(radius - SUN_R) / DUST_LENGTH - np.abs(height) / DUST_HEIGHT)
    return np.r_[0, np.cumsum(dust * np.diff(DISTANCES))]


def _cylindrical(longitude, latitude, distance):
    lon, lat = np.radians([longitude, latitude])
    flat = distance * np.cos(lat)
    radius = np.sqrt(SUN_R**2 + flat**2 - 2 * SUN_R * flat * np.cos(lon))
    return radius, distance * np.sin(lat) + SUN_Z
