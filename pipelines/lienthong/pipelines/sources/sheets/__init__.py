"""What is in a spreadsheet: grids of text cells, the header found in them, records. Runs in a bounded child."""
