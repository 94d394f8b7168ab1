"""Floor 8: the composition root. ASGI app, command line, wiring."""
