"""Floor 7: the change feed and its webhooks."""
