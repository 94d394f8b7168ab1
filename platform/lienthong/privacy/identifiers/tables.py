"""Tables pasted into a text: each cell is read with the head of its column."""

import re

_SEPARATORS = ("\t", "|", ";", ",")
_LINES = re.compile(r"\r?\n")
_RULE = re.compile(r"[\s|:\-+]*")
_FEWEST = 2  # columns


def lines_of_tables(text: str) -> str | None:
    """One line `head: cell` for each cell under a head, or nothing when no table is in `text`."""
    if "\n" not in text:
        return None
    lines = [line for line in _LINES.split(text) if line.strip() and not _RULE.fullmatch(line)]
    for separator in (*_SEPARATORS, " / "):
        rows = [[cell.strip() for cell in line.strip("| ").split(separator)] for line in lines]
        if told := [cell for head, *below in _blocks(rows) for cell in _told(head, below)]:
            return "\n".join(told)
    return None


def _blocks(rows: list[list[str]]) -> list[list[list[str]]]:
    """Neighbouring rows of as many cells."""
    blocks: list[list[list[str]]] = []
    for row in rows:
        if blocks and len(blocks[-1][-1]) == len(row):
            blocks[-1].append(row)
        else:
            blocks.append([row])
    return [block for block in blocks if len(block) > 1 and len(block[0]) >= _FEWEST]


def _told(head: list[str], below: list[list[str]]) -> list[str]:
    """Cells with digits under heads without."""
    if any(any(sign.isdigit() for sign in name) for name in head) or not all(head):
        return []
    return [
        f"{name}: {cell}"
        for row in below
        for name, cell in zip(head, row, strict=True)
        if sum(sign.isdigit() for sign in cell) > 5 or "@" in cell
    ]
