"""Floor 1: a dataset's definition. Model, logical types, linter, semantic diff, ODCS export."""
