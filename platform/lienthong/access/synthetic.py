"""Was anything of the answer at hand read from a synthetic twin? Then it says so, whatever surface gives it."""

from contextvars import ContextVar

HEADER = "Lienthong-Synthetic"
VALUE = "twin"
_READ: ContextVar[bool] = ContextVar("read_from_a_twin", default=False)


def begin() -> None:
    """A request begins: nothing is read yet."""
    _READ.set(False)


def note() -> None:
    """A twin is read for this request."""
    _READ.set(True)


def noted() -> bool:
    """Was a twin read for this request?"""
    return _READ.get()
