"""How fast rows of the point source table are encoded, and how fast they go into the running database.

Prints rows a second; the load is rolled back. Without a running database only the encoding is measured.
"""

import tempfile
import time
from pathlib import Path

from processing.errors import SurveyError
from processing.formats.parquet import write_parquet
from processing.publish import cluster
from processing.publish.copy_format import encode_batch
from processing.publish.site import site
from processing.publish.store import copy_in, table_sql
from processing.schema import load_table
from vo_tests.made_up import made_up_points

ROWS = 300_000
PSC = load_table("psc")


def main():
    points = made_up_points(ROWS)
    batches = points.to_batches(20_000)
    encode_batch(batches[0], PSC.columns)  # compiles
    print(f"encode  {ROWS / _seconds(lambda: [encode_batch(batch, PSC.columns) for batch in batches]):8.0f} rows/s")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "points.parquet"
        write_parquet(file, points, PSC)
        try:
            print(f"load    {ROWS / _load_seconds(file):8.0f} rows/s")
        except SurveyError as error:
            print(f"load    not measured: {error}")


def _load_seconds(file):
    with cluster.connect(site()) as connection:
        connection.execute("CREATE SCHEMA bench")
        connection.execute(table_sql(PSC, "bench.psc"))
        seconds = _seconds(lambda: copy_in(connection, "bench.psc", PSC, [file], lambda rows: None))
        connection.rollback()
    return seconds


def _seconds(action):
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
