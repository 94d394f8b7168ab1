"""Where the files that people edit lie: in the checkout, or packed in the wheel."""

from pathlib import Path

_PACKED = Path(__file__).parent / "_content"
_CHECKOUT = Path(__file__).parents[3]


def content(name: str) -> Path:
    """The folder or file `name` (for example `datasets`, `migrations`) of the project.

    Raises FileNotFoundError when neither the checkout nor the wheel has it.
    """
    for root in (_CHECKOUT, _PACKED):
        if (root / name).exists():
            return root / name
    raise FileNotFoundError(f"no {name} in {_CHECKOUT} nor in {_PACKED}")
