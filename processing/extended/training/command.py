"""Train the star-galaxy separation of extended sources on simulated scenes and write it to the file the program uses.

Each scene is a piece of the simulated sky, from the plane of the Galaxy to its poles, with more galaxies and close
groups of stars than there are (they count accordingly less), halos and diffraction spikes of bright stars and airglow.
What the program finds in its images is compared with the truth. Part of the scenes is held out: the figures in the
file are made of them. The same settings give the same file.

    twomass train-extended
    twomass train-extended --scenes 8 --held-out 4 --out trial.json
"""

from pathlib import Path

from processing.extended.scores import FILE

SCENES, HELD_OUT, SEED = 16, 16, 1


def describe(parser):
    """The arguments of ``twomass train-extended``."""
    parser.add_argument("--scenes", type=int, default=SCENES, help="scenes to learn from (default %(default)s)")
    parser.add_argument("--held-out", type=int, default=HELD_OUT, help="scenes to judge it on (default %(default)s)")
    parser.add_argument("--seed", type=int, default=SEED, help="another number is other scenes (default %(default)s)")
    parser.add_argument("--out", type=Path, default=FILE, metavar="FILE", help="where to write (default: the file that "
                        "the program uses)")  # fmt: skip


def run(args):
    """Train and write; prints what it was made of and what it is worth."""
    from tqdm import tqdm

    from processing.errors import SurveyError
    from processing.extended.training.record import trained_record, written

    if args.scenes < 4 or args.held_out < 1 or args.seed < 0:
        raise SurveyError(f"expected at least 4 scenes, 1 held out and a seed from 0, found {args.scenes}, "
                          f"{args.held_out}, {args.seed}")
    with tqdm(total=args.scenes + args.held_out, desc="scenes", unit="scene", disable=None) as bar:
        record = trained_record(args.scenes, args.held_out, args.seed, bar.update)
    written(record, args.out)
    _say(record, args.out)


def _say(record, path):
    data = record["data"]
    settings = record["settings"]
    print(f"learnt from {data['candidates']} candidates in {settings['scenes']} scenes, {data['galaxies']} of them "
          f"galaxies; judged on {data['held_out_candidates']} in {settings['held_out']}")
    for name, found in record["figures"].items():
        for one in found["ranges"]:
            if one["scenes"]:
                low, high = one["latitude"]
                print(f"{name:8} |b| {low:.0f}-{high:.0f}: reliability {one['reliability']}, completeness "
                      + ", ".join(f"{band.upper()} {share}" for band, share in zip("jhk", one["completeness"])))
    print(f"wrote {path}: {path.stat().st_size} bytes, trees {record['sha256'][:12]}")
