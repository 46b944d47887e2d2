"""The point sources of a whole scan, one band: found on the averaged frames, measured on the single ones.

    sources = measure_scan(scan, solution, usable)      dict band letter -> BandSources on the strip of the scan
"""

from processing.photometry.scan.measure import measure_scan

__all__ = ["measure_scan"]
