"""Find and measure the point sources and the galaxies in Atlas Images.

Give one to three images (J, H, Ks; the band stands in the header) of one field, or a folder of images of many fields:

  twomass extract w44_j.fits w44_h.fits --out work/w44
  twomass extract --fields atlas/ --out work

Images are FITS, plain or compressed (.gz, .bz2). Each field becomes a folder with

  points.parquet   a row a source, the 60 columns of the Point Source Catalog, null what an Atlas Image cannot tell
  extended.parquet a row a source that may be extended, the 389 columns of the Extended Source Catalog
  scan.json        the scan, the images, the settings and the SHA-256 of what was read
  atlas/           copies of the images

A folder is written when all of it is ready. A second run with the same images and settings skips what is finished.
"twomass release" makes a release of such folders.
"""

from pathlib import Path

from processing.errors import SurveyError

def describe(parser):
    """Add the arguments."""
    parser.add_argument("images", nargs="*", metavar="IMAGE",
                        help="Atlas Images of one field, one to three, in any order")
    parser.add_argument("--fields", metavar="FOLDER",
                        help="instead: all Atlas Images in FOLDER, sorted into fields by their headers; each field "
                             "goes to a folder of its own in --out, named by night, scan and image number")
    parser.add_argument("--out", required=True, metavar="WORK",
                        help="folder to write (with --fields: to write into); replaced when twomass extract wrote it, "
                             "refused when it holds anything else")


def run(args):
    """Extract one field or a folder of fields; SurveyError when anything asked for is not there in the end."""
    if bool(args.images) == bool(args.fields):
        raise SurveyError("expected either Atlas Images or --fields FOLDER" +
                          (", found both" if args.images else ", found neither"))
    if args.images:
        from processing.formats.atlas_field import read_field

        _extract(read_field(args.images), Path(args.out))
    else:
        _extract_all(args.fields, Path(args.out))


def _extract_all(folder, out):
    """Extract every field in ``folder`` into a folder of its own below ``out``."""
    from processing.extract import read_work
    from processing.formats.atlas_field import fields_in

    if out.is_file() or read_work(out):
        raise SurveyError(f"{out}: expected a folder to write the folders of the fields into, found "
                          + ("a file" if out.is_file() else "that of one field"))
    fields, refused = fields_in(folder)
    for error in refused:
        print(f"refused: {error}")
    failed = [error for field in fields if (error := _attempt(field, out / field.name))]
    print(f"{folder}: {len(fields)} fields, {len(fields) - len(failed)} extracted into {out}")
    if refused or failed:
        raise SurveyError(f"{len(refused)} images refused and {len(failed)} fields failed; the reasons are above, "
                          "the other fields are complete")


def _attempt(field, out):
    """Extract one of several fields; the error, told at once, does not keep the others from going on."""
    try:
        _extract(field, out)
        return None
    except SurveyError as error:
        print(f"failed: {field.name}: {error}")
        return error


def _extract(field, out):
    from tqdm import tqdm

    from processing.extract import check_out, extract_field, is_done, steps, write_work

    check_out(out)
    _say_read(field)
    if is_done(field, out):
        print(f"nothing to do: {out} is complete, made from these images with these settings")
        return
    with tqdm(total=steps(field), unit="step", desc=field.name, disable=None) as bar:
        step = _stepper(bar, field.name)
        extraction = extract_field(field, step)
        step("writing")
        content = write_work(field, extraction, out)
        bar.update()
    _say_measured(field, extraction)
    _say_written(out, extraction.points, content)


def _stepper(bar, name):
    """Called when a stage begins: the one before it is done."""
    begun = []

    def step(what):
        bar.update(1 if begun else 0)
        bar.set_description(f"{name} {what}")
        begun.append(what)

    return step


def _say_read(field):
    for band, image in field.images.items():
        ny, nx = image.data.shape
        ra, dec = image.centre
        print(f"read {image.path}: {band.upper()}, {nx} x {ny}, ra {ra:.4f} dec {dec:+.4f}, night {image.date} "
              f"{image.hemis}, scan {image.scan}, image {field.place.coadd or 'unknown'}")


def _say_measured(field, extraction):
    for band, found in extraction.sources.items():
        x, y = extraction.merged.offsets[band]
        print(f"{band.upper()}: {len(found)} sources, FWHM {found.fwhm:.2f} arcsec, noise {found.noise:.2f} DN, "
              f"position offset taken out x {x:+.3f} y {y:+.3f} arcsec")


def _say_written(out, points, content):
    from processing.formats.work_record import quality_counts

    print(f"wrote {out}: {content['rows']} rows, {content['extended']['rows']} of extended sources, "
          f"{len(content['images'])} images")
    grades = "ABCDEFUX"  # of ph_qual, best first
    print("ph_qual  " + "".join(f"{grade:>7}" for grade in grades))
    for band, counts in quality_counts(points).items():
        print(f"{band.upper():7}  " + "".join(f"{counts.get(grade, 0):7d}" for grade in grades))
