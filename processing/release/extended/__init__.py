"""The extended sources of a release, made beside the points.

There are some hundred times fewer of them, so that what decides on each (place, size, brightness) fits into memory for
the whole sky, while the rows with all their columns stay in files, scan by scan.

  scan_rows     of each scan its extended sources without artifacts and border (scans/scan_unit does the same for
                points): cc_flg by the bright stars around (artifacts/galaxies), the first rule each fails (selection)
  decide        for the whole sky at once: apparitions in several scans (duplicates), pieces of large galaxies (pieces),
                keys, names, neighbours
  points        cell by cell, when the points are completed: who is whose point source (ext_key, pts_key), and which
                points lie within a galaxy (gal_contam)
  complete      cell by cell: the rows as the catalog ``xsc`` lists them
  apparitions   what several scans say of the same galaxy: evidence for the Level 1 table

A release of scans without ``extended.parquet`` has no such catalog; a scan without one has no extended sources in it.
"""
