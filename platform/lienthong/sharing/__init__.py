"""Floor 7: sharing. Agreements between agencies, and the ledger of what was read."""
