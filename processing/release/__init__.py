"""From the working database to a release: the catalog that people use, and what it is made of.

The sky is large and a computer is small: nothing here holds all rows at once. The work is cut into units, first by scan
and then by cell of the sky (a HEALPix pixel with at most ``release.partition_rows`` rows), which any number of
processes do in any order, with the same result to the byte. Rows that wait between two steps lie in files (``plan``
says which), sorted by HEALPix number, so that those of any place are found at once.

  0 scans/fields       the folders of reduced scans and extracted fields, and what they say of themselves
    scans/scan_choice  of several scans of one tile the best; the others are spare, poor ones are not used
  1 scans/scan_unit    of each scan its bright stars, which leave artifacts in the scans around it, too
  2 scans/scan_unit    of each scan its sources without artifacts and border, with all that the scan alone can say of
    (scan_table)       them (place in the scan, depth in other scans, the first rule of selection that it fails); its images
    sky/cells          the sky is cut where the sources are
  3 sky/decide         in each cell, of what several scans saw the apparition farthest from its scan's edges (duplicates);
                       the catalog lists those that pass the rules (selection); who is an apparition of which source (groups)
  4 sky/complete       in each cell: keys (key_book: a source's place among the listed ones of its scan), names with letters
                       behind equal ones (keys), nearest neighbours anywhere in the catalog (neighbours); its file of the
                       catalog (catalogs/) and the apparitions of its sources (apparitions); associations/ on request
    scans/calibration_fields  of each night the apparitions in the scans of calibration fields
    extended/          the extended sources beside the points: their own rules, catalog, keys to and from the points
  5 finish             tables of scans and images, coverage, what HATS says of the catalog, the manifest

The survey's own published files take a shorter way (published/), and difference/ tells two releases apart.

Rows are conserved: those read are rejected by one named step or written, and ``account`` refuses a release where the
numbers do not add up. ``read_release(path)`` opens a finished one.
"""

from processing.release.manifest import Release, read_release

__all__ = ["Release", "read_release"]
