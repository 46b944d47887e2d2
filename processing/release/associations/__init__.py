"""What other catalogs know at the place of a source: optical stars, minor planets."""
