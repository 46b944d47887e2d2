"""Commands to paste that ask this server for something, each for a place in the release. The tests run them."""

from dataclasses import dataclass

RADIUS = 0.1
"""Degrees."""


@dataclass(frozen=True)
class Command:
    """``name``: of its block in the page; ``title``: what it does; ``text``: to paste."""

    name: str
    title: str
    text: str


def commands(url, place, has_images):
    """The Commands for the server at ``url`` (no slash at its end), around ``place`` (ra, dec, deg)."""
    ra, dec = (f"{angle:.4f}" for angle in place)
    circle = f"1 = CONTAINS(POINT(ra, dec), CIRCLE({ra}, {dec}, {RADIUS}))"
    yield Command("pyvo", "Python (pyvo): the sources around a place, and the cutouts of the brightest", _PYVO.format(
        url=url, circle=circle))
    yield Command("stilts", "STILTS: the same from a shell, as a FITS table", _STILTS.format(url=url, circle=circle))
    yield Command("match", "STILTS: match a table of yours (columns ra and dec, degrees) with the catalog",
                  _MATCH.format(url=url))
    yield Command("topcat", "TOPCAT: start it with the sources around a place", _TOPCAT.format(url=url, ra=ra, dec=dec,
                                                                                          radius=RADIUS))
    if has_images:
        yield Command("aladin", "Aladin: the sky in colours and the sources on it", _ALADIN.format(
            url=url, ra=ra, dec=dec, radius=RADIUS))
    yield Command("download", "The whole catalog with its checksums", _DOWNLOAD.format(url=url))
    yield Command("hats", "Python (hats, lsdb): the whole catalog, without downloading it first",
                  _HATS.format(url=url))


_PYVO = '''import pyvo

tap = pyvo.dal.TAPService("{url}/tap")
sources = tap.search("""
    SELECT TOP 100 designation, ra, dec, j_m, h_m, k_m, ph_qual
    FROM twomass.psc
    WHERE {circle}
    ORDER BY k_m""")
print(sources.to_table())
for link in sources[0].getdatalink():
    if link.semantics == "#cutout":
        print(link["description"], link.access_url)'''

_STILTS = '''stilts tapquery tapurl={url}/tap out=sources.fits \\
    adql="SELECT designation, ra, dec, j_m, h_m, k_m FROM twomass.psc WHERE {circle}"'''

_MATCH = '''stilts tapskymatch tapurl={url}/tap taptable=twomass.psc taplon=ra taplat=dec \\
    in=sources.fits inlon=ra inlat=dec sr=0.001 out=matched.fits'''

_TOPCAT = '''topcat "{url}/twomass/q/cone/scs.xml?RA={ra}&DEC={dec}&SR={radius}"'''

_ALADIN = '''java -jar Aladin.jar -script="load {url}/twomass/sky/colour/hips; {ra} {dec}; zoom 12arcmin; \\
load {url}/twomass/q/cone/scs.xml?RA={ra}&DEC={dec}&SR={radius}"'''

_DOWNLOAD = '''curl -sO {url}/release/SHA256SUMS
cut -c67- SHA256SUMS | while read -r file; do curl -s --create-dirs -o "$file" "{url}/release/$file"; done
sha256sum --check --quiet SHA256SUMS'''

_HATS = '''import hats

catalog = hats.read_hats("{url}/release/psc")
print(catalog.catalog_name, catalog.catalog_info.total_rows)'''
