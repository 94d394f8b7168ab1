"""What the command line prints: tables and progress for people, one JSON document for programs."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, NoReturn, Protocol

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from lienthong.kernel.problem import Problem

console = Console(stderr=True)
WIDE = 240  # columns of a table that goes into a file or another program


class Progressed(Protocol):
    """Hears how far a task is: `done` of `total` parts (None: not known)."""

    def __call__(self, task: str, done: int, total: int | None, message: str = "") -> None: ...


def emit(result: Any, as_json: bool, human: Callable[[], Any] | None = None) -> None:
    """Print `result` as JSON, or what `human` gives for people (a Rich renderable or a text)."""
    if as_json or human is None:
        sys.stdout.buffer.write(orjson.dumps(result, default=str, option=orjson.OPT_INDENT_2) + b"\n")
        sys.stdout.flush()
    else:
        Console(width=None if sys.stdout.isatty() else WIDE).print(human())


def table(rows: Sequence[Mapping[str, Any]], *columns: str, title: str | None = None) -> Table:
    """A Rich table of some columns of `rows`; what is too long goes on in the next line, it is never cut."""
    made = Table(title=title, header_style="bold")
    for name in columns:
        made.add_column(name, overflow="fold")
    for row in rows:
        made.add_row(*(_cell(row.get(name)) for name in columns))
    return made


def _cell(value: Any) -> Text:
    """A value in words: a problem by its place, reason and fix, in both languages; counts by their names."""
    if not isinstance(value, Mapping):
        return Text("" if value is None else str(value))
    if "detail" not in value:
        return Text(", ".join(f"{name} {count}" for name, count in value.items()))
    place = f"{value['place']}: " if value.get("place") else ""
    texts = [text for text in (value["detail"], value.get("fix")) if text]
    lines = [" → ".join(str(t[code] if isinstance(t, Mapping) else t) for t in texts) for code in ("vi", "en")]
    return Text("\n".join(place + line for line in dict.fromkeys(lines)))


def _silent(task: str, done: int, total: int | None, message: str = "") -> None:
    """Tells nobody."""


class _Lines:
    """Progress where nobody can see bars move: a line when a task begins."""

    def __init__(self) -> None:
        self._begun: set[str] = set()

    def __call__(self, task: str, done: int, total: int | None, message: str = "") -> None:
        if task not in self._begun:
            self._begun.add(task)
            console.print(f"  {task}", markup=False, highlight=False)


@contextmanager
def progress(as_json: bool) -> Iterator[Progressed]:
    """A callback `(task, done, total, message)` drawn as bars, or as lines in a log; silent when JSON is wanted."""
    if as_json:
        yield _silent
        return
    if not console.is_terminal:
        yield _Lines()
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description:<34}"),
        BarColumn(24),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, TimeElapsedColumn(), console=console) as bars:
        tasks: dict[str, Any] = {}

        def report(task: str, done: int, total: int | None, message: str = "") -> None:
            if task not in tasks:
                tasks[task] = bars.add_task(task, total=total, note=message)
            bars.update(tasks[task], completed=done, total=total, note=message)

        yield report


def fail(problem: Problem, as_json: bool) -> NoReturn:
    """End with the problem's exit code, the problem told in the form that was asked for."""
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(problem.as_json("en"), default=str) + b"\n")
    else:
        tell = partial(console.print, markup=False, highlight=False, soft_wrap=True)
        console.print(f"[red bold]{problem.title.vi} / {problem.title.en}[/]", highlight=False)
        errors = problem.extra.get("errors", ())
        for each in errors:
            tell(f"  • {_line(each)}")
        if not errors:
            tell(problem.message("vi"))
            tell(problem.message("en"), style="dim")
    raise typer.Exit(problem.exit_code)


def _line(error: Mapping[str, Any]) -> str:
    detail, fix = error.get("detail"), error.get("fix")
    texts = [f"{d['vi']} / {d['en']}" if isinstance(d, Mapping) else str(d) for d in (detail, fix) if d]
    return f"{error.get('place', '')}: " + " → ".join(texts)
