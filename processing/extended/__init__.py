"""Extended sources: galaxies and nebulae on the images of a scan, or of any field, in up to three bands at once."""
