"""Floor 3: privacy. What may be published, what must not be found in it, and the check that a release must pass."""
