"""What belongs to an image or a source, as rows of a datalink document: files, pictures, cutouts, other tables' rows.

Runs in the system's Python inside DaCHS (resources/q.rd), so it needs nothing but the standard library. A link is a
dict with the arguments of DaCHS's ``makeLink``; semantics are terms of http://www.ivoa.net/rdf/datalink/core.
"""

import re
from urllib.parse import urlencode

FITS, JPEG, VOTABLE = "image/fits", "image/jpeg", "application/x-votable+xml"

STAMP = 0.5 / 60
"""Radius, degrees, of the cutout that is linked to a source: 1 arcmin across, many times the seeing."""

IMAGE_COLUMNS = "file, band, bytes, coadd_key, scan_key, points, obs_publisher_did"

IMAGES_OF_FIELD = f"SELECT {IMAGE_COLUMNS} FROM twomass.atlas WHERE coadd_key = %(key)s ORDER BY atlas_key"
IMAGE = f"SELECT {IMAGE_COLUMNS} FROM twomass.atlas WHERE file = %(file)s"
SOURCE = "SELECT pts_key, designation, ra, dec, scan_key, coadd_key, ext_key FROM twomass.psc WHERE {column} = %(key)s"
KEY, DESIGNATION = re.compile("[0-9]{1,9}"), re.compile("(?:2MAS[SX][ ]?J)?([0-9]{8})([-+ ])([0-9]{7}[A-Z]?)")
IMAGES_AT = f"""
    SELECT {IMAGE_COLUMNS} FROM twomass.atlas
    WHERE spoint(radians(%(ra)s), radians(%(dec)s)) <@ s_region ORDER BY coadd_key, atlas_key"""


def of_image(connection, file, address):
    """The links of an Atlas Image.

    Parameters
    ----------
    connection : DaCHS's connection, with ``queryToDicts``
    file : str
        Path in the release, the key of dc.products.
    address : function of a path on this server to its URL
    """
    image = next(connection.queryToDicts(IMAGE, {"file": file}))
    field = list(connection.queryToDicts(IMAGES_OF_FIELD, {"key": image["coadd_key"]}))
    yield image_link(image, "#this", f"The {image['band']} Atlas Image", address)
    picture = address(f"/getproduct/{file}?preview=True")
    yield make_link(picture, "#preview", f"Picture of the {image['band']} image", JPEG)
    if len(field) > 1:
        yield colour_link(field, "#preview", address)
    for other in field:
        if other["file"] != file:
            yield image_link(other, "#coderived", f"The same field in {other['band']}", address)
    yield rows_link("psc", "coadd_key", image["coadd_key"], "#derivation", "The point sources of this field", address)
    yield scan_link(image["scan_key"], address)


def find_source(connection, name, query=SOURCE, key_column="pts_key"):
    """The row (dict) of the source with this designation or key (text); None when there is none.

    A + that nobody encoded arrives as a blank, and the name may be written in full: 2MASS J08300186+0116223. ``query``:
    for the row, with the column that is asked for in braces.
    """
    if KEY.fullmatch(name):
        column, key = key_column, int(name)
    elif found := DESIGNATION.fullmatch(name):
        column, key = "designation", "{}{}{}".format(found[1], found[2].replace(" ", "+"), found[3])
    else:
        return None
    return next(connection.queryToDicts(query.format(column=column), {"key": key}), None)


def images_of_source(connection, source):
    """The rows of all images that show the place of a source; those it was extracted from first."""
    images = list(connection.queryToDicts(IMAGES_AT, {"ra": source["ra"], "dec": source["dec"]}))
    return sorted(images, key=lambda image: image["coadd_key"] != source["coadd_key"])


def of_source(source, images, cutouts, address):
    """The links of a source; ``cutouts``: URL of the service that makes cutouts of images."""
    yield rows_link("psc", "pts_key", source["pts_key"], "#this", f"2MASS J{source['designation']}: its row", address)
    for image in images:
        if image["coadd_key"] == source["coadd_key"]:
            yield image_link(image, "#progenitor", f"The {image['band']} image it was extracted from", address)
        else:
            yield image_link(image, "#auxiliary", f"Another {image['band']} image of the place", address)
    for image in images:
        yield _stamp_link(source, image, cutouts)
    for field in by_field(images):
        if len(field) > 1:
            yield colour_link(field, "#auxiliary", address)
    yield scan_link(source["scan_key"], address)
    if source.get("ext_key") is not None:
        words = "The same object as extended source"
        yield rows_link("xsc", "ext_key", source["ext_key"], "#counterpart", words, address)


def colour_name(file):
    """Path of the colour picture of an image's field in a store's folder: its name without the letter of the band."""
    folder, _, name = file.rpartition("/")
    return f"previews/{folder}/{name[1:].rpartition('.')[0]}.jpg"


def by_field(images):
    fields = {}
    for image in images:
        fields.setdefault(image["coadd_key"], []).append(image)
    return fields.values()


def make_link(url, semantics, description, content_type, **more):
    return {"url": url, "semantics": semantics, "description": description, "contentType": content_type, **more}


def image_link(image, semantics, description, address):
    return make_link(address(f"/getproduct/{image['file']}"), semantics, description, FITS, contentQualifier="#image",
                     contentLength=image["bytes"], localSemantics=f"image-{image['band']}")  # fmt: skip


def colour_link(field, semantics, address):
    bands = ", ".join(image["band"] for image in reversed(field))
    description = f"Picture of the field in colours (red, green, blue: {bands})"
    url = address(f"/getproduct/{colour_name(field[0]['file'])}")
    return make_link(url, semantics, description, JPEG, localSemantics="colour")


def _stamp_link(source, image, cutouts):
    circle = f"{source['ra']!r} {source['dec']!r} {STAMP:.6f}"
    url = f"{cutouts}?{urlencode({'ID': image['obs_publisher_did'], 'CIRCLE': circle})}"
    description = f"The source in {image['band']}, {2 * STAMP * 60:.0f} arcmin across"
    return make_link(url, "#cutout", description, FITS, contentQualifier="#image",
                     localSemantics=f"cutout-{image['band']}")  # fmt: skip


def rows_link(table, column, key, semantics, description, address):
    query = urlencode({"LANG": "ADQL", "QUERY": f"SELECT * FROM twomass.{table} WHERE {column} = {key}"})
    return make_link(address(f"/tap/sync?{query}"), semantics, description, VOTABLE, contentQualifier="#measurements")


def scan_link(key, address):
    found = rows_link("scans", "scan_key", key, "#auxiliary", "The scan: time, seeing, zero points, depth", address)
    return {**found, "contentQualifier": None, "localSemantics": "scan"}
