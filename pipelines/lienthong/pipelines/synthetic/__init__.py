"""Deterministic sample of what the source systems of a province deliver, with known defects."""

from .generate import generate
from .settings import Settings, Summary

__all__ = ["Settings", "Summary", "generate"]
