"""Floor 6: indicators and questions over open data, as tables, charts and files."""
