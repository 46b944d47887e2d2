"""What is asked of the database once a request has been understood: the hand-over between those who read and write.

The readers (ADQL of TAP, cones) make a Question; the writers (VOTable, CSV, Parquet, FITS) turn it into bytes as the
rows come.
"""

from dataclasses import dataclass, field


class NotCovered(Exception):
    """Nothing of ours can answer this: DaCHS has to, its own way. Raised before anything has been run."""


@dataclass(frozen=True)
class Question:
    """A query ready to run.

    sql : str
        PostgreSQL, whole: no parameters are left in it, a per cent sign is a per cent sign. It asks for a row more
        than ``limit`` where the limit may cut (see row_limits).
    table : gavo.rsc.BaseTable
        Without rows; its tableDef has the columns in the order of the query, its meta what the answer says beside.
    limit : row_limits.Limit
        How many rows are given at most; what comes beyond is an overflow.
    settings : tuple of (name, value)
        Of the PostgreSQL session, while this runs.
    shape : str or None
        Equal for questions that have the same columns and the same metadata but for INFO elements of the query
        itself; None when nothing is known to be like it.
    """

    sql: str
    table: object
    limit: int
    settings: tuple = field(default=())
    shape: str | None = None
