"""A near-infrared sky survey in a box: from detector reads to catalogs, in the manner of 2MASS."""

__version__ = "0.1.0"
