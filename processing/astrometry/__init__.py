"""Where every frame looks: stars found on single frames, the same star recognised, one solution for the whole scan.

    found = {band: find_stars(frames, band) for band, frames in calibrated.items()}
    solution = solve_scan(found, pointing, references)
    ra, dec = solution.sky("j", 12, x, y)
"""
