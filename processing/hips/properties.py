"""What a HiPS says of itself (``properties``), and the list of them that a server gives (``hipslist``)."""

from dataclasses import dataclass

from processing.formats.whole import whole_file
from processing.hips.pictures import GREY
from processing.hips.pyramid import COLOUR
from processing.hips.sources import UNIT
from processing.hips.tiles import DEPTH, WIDTH
from processing.schema import BANDS

NAMES = {band.letter: band.name for band in BANDS}
REFERENCE = "2006AJ....131.1163S"
PIXEL = 58.6323 * 3600
"""Root of the area of a HEALPix pixel of order 0, arcsec."""


@dataclass(frozen=True)
class Publisher:
    """Who publishes HiPS and where: ``authority`` (of IVOA identifiers), name, and the ``address`` at which each is
    served, with {name} in it (None when they are not)."""

    authority: str = "org.example.twomass"
    name: str = "2MASS in a Box"
    address: str | None = None

    def address_of(self, name):
        return self.address and self.address.format(name=name)


def title(name):
    """J, H, Ks, or colour."""
    return "colour (Ks red, H green, J blue)" if name == COLOUR else NAMES[name]


def properties(name, account, publisher):
    """The key-value pairs of one HiPS, in order; ``account``: what ``make`` counted (hips.json)."""
    own = account["hips"][name]
    bands = [band for band in BANDS if name in (COLOUR, band.letter)]
    pairs = {
        "creator_did": f"ivo://{publisher.authority}/P/twomass/{'colour' if name == COLOUR else NAMES[name]}",
        "publisher_id": f"ivo://{publisher.authority}",
        "obs_collection": "2MASS in a Box",
        "obs_title": f"2MASS in a Box {title(name)}",
        "obs_description": f"Atlas Images of release {account['release']}: {title(name)}{_unit(name)}",
        "obs_regime": "Infrared",
        "obs_copyright": publisher.name,
        "prov_progenitor": f"{own['images']} Atlas Images of release {account['release']}",
        "bib_reference": REFERENCE,
        "hips_creator": publisher.name,
        "hips_builder": f"twomass {account['version']}",
        "hips_version": "1.4",
        "hips_creation_date": account["created"],
        "hips_release_date": account["created"],
        "hips_status": "public master clonableOnce",
        "hips_service_url": publisher.address_of(name),
        "hips_frame": "equatorial",
        "hips_order": account["order"],
        "hips_order_min": 0,
        "hips_tile_width": WIDTH,
        "hips_tile_format": "png" if name == COLOUR else "png fits",
        "hips_pixel_scale": _pixel_scale(account["order"]),
        "hips_initial_ra": f"{own['place'][0]:.5f}",
        "hips_initial_dec": f"{own['place'][1]:.5f}",
        "hips_initial_fov": own["fov"],
        "hips_estsize": -(-own["bytes"] // 1024),
        "dataproduct_type": "image",
        "dataproduct_subtype": "color" if name == COLOUR else None,
        "client_category": "Image/Infrared/2MASS in a Box",
        "client_sort_key": f"04-001-{list((*NAMES, COLOUR)).index(name):02d}",
        "em_min": min(band.wavelength[0] for band in bands),
        "em_max": max(band.wavelength[1] for band in bands),
        "t_min": own["t_min"],
        "t_max": own["t_max"],
        "s_pixel_scale": own["pixel_scale"],
        "moc_sky_fraction": f"{own['fraction']:.4g}",
        **({} if name == COLOUR else _of_brightness(account["noise"][name])),
    }
    return {key: value for key, value in pairs.items() if value is not None}


def _unit(name):
    return "" if name == COLOUR else f"; brightness above the sky in {UNIT}"


def _of_brightness(noise):
    return {"hips_pixel_bitpix": -32, "hips_pixel_cut": " ".join(f"{limit * noise:.4g}" for limit in GREY)}


def _pixel_scale(order):
    """Degrees a pixel of the deepest tiles."""
    return f"{PIXEL / 3600 / 2 ** (order + DEPTH):.4g}"


def write_properties(folder, account, publisher):
    """Write ``properties`` of each HiPS in ``folder`` and the list of them, ``hipslist``."""
    records = []
    for name in account["hips"]:
        pairs = properties(name, account, publisher)
        _write(folder / name / "properties", text(pairs))
        if publisher.address:
            records.append(text(pairs))
    _write(folder / "hipslist", "\n".join(records))


def text(pairs):
    """Lines of key = value."""
    return "".join(f"{key:20} = {value}\n" for key, value in pairs.items())


def _write(path, content):
    with whole_file(path) as partial:
        partial.write_text(content, encoding="utf-8")
