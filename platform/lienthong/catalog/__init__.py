"""Floor 4: what there is. Agencies, datasets, runs, releases, distributions, search."""
