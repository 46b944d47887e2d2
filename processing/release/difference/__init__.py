"""What differs between two releases, where and why: ``twomass release diff``."""
