"""Atlas Images from calibrated frames: transients out, every frame levelled, resampled on 1 arcsec, averaged.

    frames = usable_frames(image, flaws, solution, "j")
    for grid in scan_grids(solution):
        field = coadd(frames, solution, "j", grid)
        write_atlas(folder, field, view, ...)
"""
