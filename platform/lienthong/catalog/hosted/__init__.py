"""The hosted catalogue: datasets, groups and people that are written through the Action API, beside the contracts."""
