"""What is done once for a cell of the sky: duplicates, keys and names, neighbours, apparitions."""
