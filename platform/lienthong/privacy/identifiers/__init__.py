"""Identifiers of persons in running text: written plainly, split, disguised, with and without tone marks."""

from lienthong.privacy.identifiers.finding import find

__all__ = ["find"]
