"""Units of work on the cores of this machine or on a Dask cluster: done once, begun again after an interruption."""
