"""A night from end to end: its units of work, the folder of each scan in the working database, ``twomass reduce``."""
