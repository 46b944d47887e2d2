"""From an image to candidates: sky level, noise, and the peaks of the matched filter."""
