"""Where the definitions of this installation lie, the registry read from them, and whether their example is loaded."""

import hashlib
import json
from pathlib import Path

from lienthong.contract.loader import load_all
from lienthong.contract.registry import Registry
from lienthong.kernel.content import content
from lienthong.kernel.settings import Settings


def folder(settings: Settings) -> Path:
    """The folder of definitions: the one given, or the project's own."""
    return settings.datasets or content("datasets")


def registry(settings: Settings) -> Registry:
    """The contracts that this installation serves. Raises Invalid with every error and its place."""
    return load_all(folder(settings))


def has_demo(settings: Settings) -> bool:
    """Do the definitions come with an example province?"""
    return (folder(settings) / "_demo" / "demo.yaml").exists()


def is_loaded(settings: Settings, registry: Registry) -> bool:
    """Is the example of these very contracts loaded already?"""
    stamp = _stamp(settings)
    return stamp.exists() and stamp.read_text() == _fingerprint(registry)


def mark(settings: Settings, registry: Registry) -> None:
    """Remember that the example is loaded."""
    _stamp(settings).write_text(_fingerprint(registry))


def _stamp(settings: Settings) -> Path:
    return settings.home / "demo.loaded"


def _fingerprint(registry: Registry) -> str:
    prints = {name: registry.contracts[name].fingerprint for name in sorted(registry.contracts)}
    return hashlib.sha256(json.dumps(prints).encode()).hexdigest()
