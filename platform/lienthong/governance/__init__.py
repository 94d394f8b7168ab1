"""Floor 4: who may. People, agencies, agreements, tokens, the access ledger."""
