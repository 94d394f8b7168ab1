"""Floor 2: PostgreSQL. The only package that builds SQL: tables from contracts, one statement from a `Query`."""
