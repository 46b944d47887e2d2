"""The Atlas Images of a release as one sky to zoom and pan in: a HiPS (IVOA, HiPS 1.0) of each band and one in colours.

  sources     the images as brightness in MJy/sr above the sky, whatever their zero points
  levels      what overlapping images say of each other's sky: neighbours are brought to the same level
  tiles       where the pixels of a tile are on the sky, and its file
  render      a tile of the deepest order from the images that touch it, faded into each other
  pyramid     a branch of the tree: its deepest tiles, and each coarser tile from its four children
  pictures    what a tile looks like: grey for a band, in colours for three
  allsky      the tiles of order 3 in one file
  properties  what each HiPS says of itself, and the list of them that a server gives
  make        all of it, in branches that any number of processes do, begun again where it was interrupted

A tile is a file that is written to the side and renamed; a finished branch leaves a record with what it counted.
"""
