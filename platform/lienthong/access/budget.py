"""How much a caller may ask for over all surfaces. What one query costs is told by `pricing`."""
