"""Instrumental magnitudes to magnitudes: zero points and extinction of a night from its calibration fields.

``standards`` finds the standards among what was measured, ``visits`` makes one zero point of each visit to a field,
``drift`` fits curves through them, ``band`` judges visits and solves a band, ``night`` is what a night remembers.
"""
