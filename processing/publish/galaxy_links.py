"""What belongs to an extended source, as rows of a datalink document: postage stamps, images, point source, scan.

Runs in the system's Python inside DaCHS (resources/q.rd). Links are as in ``links``.
"""

from urllib.parse import urlencode

from processing.publish.links import (
    FITS, IMAGE_COLUMNS, JPEG, find_source, image_link, make_link, rows_link, scan_link,
)  # fmt: skip

GALAXY = ("SELECT ext_key, designation, ra, dec, scan_key, coadd_key, pts_key, r_k20fe, r_ext, im_nx "
          "FROM twomass.xsc WHERE {column} = %(key)s")  # fmt: skip
IMAGES_AROUND = f"""
    SELECT {IMAGE_COLUMNS}, accesspath FROM twomass.atlas JOIN dc.products ON dc.products.accref = file
    WHERE scircle(spoint(radians(%(ra)s), radians(%(dec)s)), radians(%(radius)s)) && s_region
    ORDER BY coadd_key, atlas_key"""

BANDS = ("J", "H", "Ks")
COLOUR = "colour"
"""What to ask for, besides a band: the picture in colours."""

SMALLEST, LARGEST = 60.0, 1200.0
"""arcsec, sides of a stamp: so that a small galaxy has its neighbours around it; the largest objects of the catalog."""

AROUND = 3.0
"""Side of a stamp in K20 major axes, where the catalog does not say it."""


def find_galaxy(connection, name):
    """The row (dict) of the extended source with this designation or ext_key (text); None when there is none."""
    return find_source(connection, name, GALAXY, "ext_key")


def stamp_side(galaxy):
    """Side of a source's postage stamp, arcsec: that of the catalog, or what its size asks for."""
    side = galaxy["im_nx"] or AROUND * 2 * (galaxy["r_k20fe"] or 0.0)
    return float(min(max(side, SMALLEST), LARGEST))


def images_of_galaxy(connection, galaxy):
    """The rows of all images that show a part of the stamp; those it was extracted from first, then those of the same
    scan."""
    place = {"ra": galaxy["ra"], "dec": galaxy["dec"], "radius": stamp_side(galaxy) / 3600 / 2**0.5}
    images = list(connection.queryToDicts(IMAGES_AROUND, place))
    return sorted(images, key=lambda image: (image["coadd_key"] != galaxy["coadd_key"],
                                             image["scan_key"] != galaxy["scan_key"]))  # fmt: skip


def of_galaxy(galaxy, images, stamps, address):
    """The links of an extended source; ``stamps``: URL of the service that makes its postage stamps."""
    name = f"2MASX J{galaxy['designation']}"
    yield rows_link("xsc", "ext_key", galaxy["ext_key"], "#this", f"{name}: its row", address)
    bands = [band for band in BANDS if any(image["band"] == band for image in images)]
    if len(bands) > 1:
        yield _stamp_link(galaxy, COLOUR, stamps)
    for band in bands:
        yield _stamp_link(galaxy, band, stamps)
    for image in images:
        own = image["coadd_key"] == galaxy["coadd_key"]
        words = "image it was extracted from" if own else "image that shows a part of its surroundings"
        yield image_link(image, "#progenitor" if own else "#auxiliary", f"The {image['band']} {words}", address)
    if galaxy["pts_key"] is not None:
        yield rows_link("psc", "pts_key", galaxy["pts_key"], "#counterpart", "The same object as point source", address)
    yield scan_link(galaxy["scan_key"], address)


def _stamp_link(galaxy, what, stamps):
    url = f"{stamps}?{urlencode({'ID': galaxy['designation'], 'FILTER': what})}"
    size = f"{stamp_side(galaxy) / 60:.1f} arcmin across"
    if what == COLOUR:
        return make_link(url, "#preview", f"The source in colours, {size}", JPEG, localSemantics="stamp-colour")
    return make_link(url, "#cutout", f"The source in {what}, {size}", FITS, contentQualifier="#image",
                     localSemantics=f"stamp-{what}")
