"""From raw reads to calibrated frames: linear, dark-subtracted, flat-fielded, the sky's pattern removed, masked.

    darks = combine_darks(read1, read2)                           of the night's dark sequences
    response = fit_response(levels of the night's flat sequences)
    frames = calibrate(read1, read2, darks, response, bad, ...)   of one scan and band
    frames = frames.without(sky_pattern(frames))
"""
