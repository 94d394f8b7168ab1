"""What the command line prints for people: a refusal in words, in both languages; programs get the whole of it."""

import json

import pytest

from lienthong.app import cli_data, output
from lienthong.kernel.problem import GateClosed
from lienthong.kernel.text import both
from lienthong.pipelines.runs import RunReport, told

REFUSED = told(
    GateClosed(
        both("Không đạt 1 quy tắc", "1 rule fails"),
        place="stalls[0]",
        fix=both("Sửa dữ liệu nguồn", "Mend the source"),
        rules=[{"id": "STA-01"}],
    )
)


def report(problem: dict[str, object] | None) -> dict[str, object]:
    return RunReport("stalls", state="refused", counts={"read": 3, "accepted": 2}, problem=problem).as_json()


def ended(json: bool) -> int:
    """The exit code of a command whose one run was refused."""
    with pytest.raises(cli_data.typer.Exit) as end:
        cli_data._finish([report(REFUSED)], json, "dataset", "state", "counts", "problem")
    return end.value.exit_code


def test_a_refusal_is_told_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(json=False) == GateClosed.exit_code
    printed = capsys.readouterr().out
    assert "stalls[0]: Không đạt 1 quy tắc → Sửa dữ liệu nguồn" in printed
    assert "stalls[0]: 1 rule fails → Mend the source" in printed
    assert "read 3, accepted 2" in printed and "{" not in printed and "GATE_CLOSED" not in printed


def test_programs_get_the_whole_refusal(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert ended(json=True) == GateClosed.exit_code
    assert json.loads(capsysbinary.readouterr().out) == [report(REFUSED)]


def test_a_refusal_in_one_language_is_told_once() -> None:
    shown = output.table([{"problem": {"detail": "Sai", "fix": None}}, {"problem": None}], "problem")
    assert [str(cell) for cell in shown.columns[0].cells] == ["Sai", ""]
