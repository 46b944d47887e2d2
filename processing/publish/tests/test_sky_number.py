"""The numbers of places on the sky are those of the database, bit by bit."""

import numpy as np
import pytest

from processing.publish import cluster
from processing.publish.site import prepare
from processing.publish.sky_number import END, sky_numbers

EDGES = (45.0, 135.0, 225.0, 315.0)
"""Right ascensions at which faces of the cube meet."""


@pytest.fixture(scope="module")
def database(place):
    prepare(place)
    cluster.start(place)
    with cluster.connect(place) as connection:
        connection.execute("CREATE EXTENSION q3c")
        yield connection


def theirs(connection, ra, dec):
    connection.execute("CREATE TEMPORARY TABLE places (ra float8, dec float8, number int)")
    rows = np.empty(len(ra), [("fields", ">i2"), ("a", ">i4"), ("ra", ">f8"), ("b", ">i4"), ("dec", ">f8"),
                              ("c", ">i4"), ("number", ">i4")])  # fmt: skip
    rows["fields"], rows["a"], rows["b"], rows["c"] = 3, 8, 8, 4
    rows["ra"], rows["dec"], rows["number"] = ra, dec, np.arange(len(ra))
    with connection.cursor().copy("COPY places FROM STDIN (FORMAT BINARY)") as copy:
        copy.write(b"PGCOPY\n\xff\r\n\0" + bytes(8) + rows.tobytes() + b"\xff\xff")
    with connection.cursor(binary=True) as cursor:
        numbers = cursor.execute("SELECT array_agg(q3c_ang2ipix(ra, dec) ORDER BY number) FROM places").fetchone()[0]
    connection.execute("DROP TABLE places")
    return np.array(numbers)


def test_a_million_places_anywhere(database):
    rng = np.random.default_rng(5)
    ra, dec = rng.uniform(0, 360, 1_000_000), np.degrees(np.arcsin(rng.uniform(-1, 1, 1_000_000)))
    assert np.array_equal(sky_numbers(ra, dec), theirs(database, ra, dec))


def test_poles_corners_zeros_and_what_is_beyond(database):
    corner = np.degrees(np.arctan(np.sqrt(0.5)))
    ra = [-0.0, 0.0, *EDGES, 90, 180, 270, 360, np.nextafter(360, 0), np.nextafter(360, 400), 405, 720, -45, -1e-300]
    dec = [-0.0, 0.0, 90, -90, np.nextafter(90, 0), -89.9999999, corner, -corner, 45, -45, 91, -91, 1e-300, -1e-300]
    ra, dec = (each.ravel() for each in np.meshgrid(np.array(ra, float), np.array(dec, float)))
    assert np.array_equal(sky_numbers(ra, dec), theirs(database, ra, dec))


def test_the_edges_of_the_faces(database):
    rng = np.random.default_rng(6)
    upright = rng.choice(EDGES, 50_000) + rng.choice([0, 1e-13, -1e-13, 1e-9], 50_000), rng.uniform(-90, 90, 50_000)
    ra = rng.uniform(0, 360, 50_000)
    level = ra, np.degrees(np.arctan(np.cos(np.radians((ra + 45) % 90 - 45)))) * rng.choice([-1, 1], 50_000)
    ra, dec = np.concatenate([upright, level], axis=1)
    assert np.array_equal(sky_numbers(ra, dec), theirs(database, ra, dec))


def test_all_numbers_are_in_their_range():
    rng = np.random.default_rng(7)
    numbers = sky_numbers(rng.uniform(0, 360, 10_000), rng.uniform(-90, 90, 10_000))
    assert numbers.min() >= 0 and numbers.max() < END and len(np.unique(numbers)) == 10_000
