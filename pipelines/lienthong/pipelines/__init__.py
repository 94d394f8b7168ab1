"""Data's way through the house: sources are read, decoded, conformed, gated, merged and released."""
