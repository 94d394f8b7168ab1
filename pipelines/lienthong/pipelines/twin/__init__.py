"""Floor 5: synthetic twins. Rows of a dataset's shape, made of its contract and of safe aggregates, of no person."""
