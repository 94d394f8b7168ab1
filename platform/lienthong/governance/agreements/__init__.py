"""Agreements between agencies: their rows, their way from request to end, their deadlines, their export."""
