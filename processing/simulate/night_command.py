"""The part of ``twomass simulate`` that makes raw nights (with --scans)."""


def describe(parser):
    """Arguments of raw nights."""
    group = parser.add_argument_group("raw nights")
    group.add_argument("--scans", type=int, help="raw nights instead of images: science scans in each night")
    group.add_argument("--nights", type=int, default=1, help="each begins with the tile that the one before ended with "
                       "(default %(default)s)")  # fmt: skip
    group.add_argument("--frames", type=int, default=273, help="frames of a science scan (default %(default)s)")
    group.add_argument("--cal-frames", type=int, default=48, help="... of one of a calibration field (default "
                       "%(default)s)")  # fmt: skip
    group.add_argument("--still-frames", type=int, default=24, help="... of each of two dark and two flat sequences "
                       "(default %(default)s)")  # fmt: skip
    group.add_argument("--compress", action="store_true", help="Rice-compressed files, half the size")
    group.add_argument("--workers", type=int, default=2, help="files made at a time (default %(default)s)")


def run(args):
    """Simulate the nights and write them; prints what was written."""
    from tqdm import tqdm

    from processing.simulate.nights import simulate_nights

    settings = _settings(args)
    with tqdm(desc="simulate", unit="frame", disable=None) as bar:

        def progress(frames, total):
            bar.total = total
            bar.update(frames)

        nights = simulate_nights(args.out, settings, progress, args.workers)
    for night in nights:
        kinds = [planned.type for planned in night.sequences]
        counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in ("sci", "cal", "dark", "flat"))
        print(f"{args.out / night.name}: {counts} sequences, {3 * len(kinds)} files")
    print(f"{args.out}: reference catalogs in reference, the truth in truth")


def _settings(args):
    from processing.errors import SurveyError
    from processing.formats.raw_night import FEWEST_FRAMES
    from processing.simulate.night_plan import Settings

    if args.bands != "j,h,k":
        raise SurveyError(f"--bands: raw nights have all three bands, found {args.bands}")
    for name, least in (("scans", 1), ("nights", 1), ("frames", FEWEST_FRAMES), ("cal_frames", FEWEST_FRAMES),
                        ("still_frames", FEWEST_FRAMES), ("workers", 1)):  # fmt: skip
        if getattr(args, name) < least:
            option = "--" + name.replace("_", "-")
            raise SurveyError(f"{option}: expected at least {least}, found {getattr(args, name)}")
    return Settings(
        args.ra, args.dec, args.scans, args.nights, args.seed, args.frames, args.cal_frames, args.still_frames,
        args.limit, args.density_factor, False if args.model_only else None, args.seeing, args.compress,
    )  # fmt: skip
