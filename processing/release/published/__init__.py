"""The survey's own published files: made a release that this program serves, and held against its rules."""
