"""How long others may keep an answer about what is served now."""

CURRENT = "public, max-age=55"
"""With the second or two in which every process notices a rollback or a withdrawal: within a minute everywhere."""
