"""Floor 3: quality. Contract -> suite (plain JSON), checkpoint in PostgreSQL, results, scorecard.

great_expectations is imported inside functions of `engine` only; everything else works without it.
"""
