"""The ledger: sealed batches, proofs, verification, and who has read whose data."""
