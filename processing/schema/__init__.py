"""What every table of the survey holds, stated once.

One YAML file a table (``psc.yaml``, ``scans.yaml``, ...) drives the Parquet, FITS, VOTable and ASCII writers, the
database and the DaCHS descriptors. This package needs only PyYAML, because DaCHS reads it in the system's Python.
"""

from processing.schema.bands import BANDS, Band
from processing.schema.table import Column, Table, load_table, table_names

__all__ = ["BANDS", "Band", "Column", "Table", "load_table", "table_names"]
