"""Floor 7: the Model Context Protocol, read-only tools under the same policy."""
