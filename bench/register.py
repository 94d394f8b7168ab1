"""The delivery: businesses as the business register writes them, defects included, made by the synthetic generator."""

from collections.abc import Callable
from pathlib import Path

from lienthong.pipelines.synthetic import Settings, business_register
from lienthong.pipelines.synthetic.places import places
from lienthong.pipelines.synthetic.truth import Truth

AT_SCALE_ONE = 12_000  # businesses of a province like Lạng Sơn
FOLDER = "business_register"


def delivery(out: Path, rows: int, progress: Callable[[str, int, int], None]) -> Path:
    """A folder with `rows` businesses in four files; an earlier one of the same size is used again."""
    folder = out / str(rows)
    if folder.exists():
        return folder
    fresh = out / "new"
    settings = Settings(fresh, scale=rows / AT_SCALE_ONE)
    (fresh / FOLDER).mkdir(parents=True, exist_ok=True)
    truth = Truth(out / "defects.csv")
    applicants = business_register.Applicants()
    business_register.write(settings, places(settings.province), truth, applicants, progress)
    for path in (fresh / FOLDER).glob("nganh_nghe_*"):
        path.unlink()  # another dataset's
    fresh.rename(folder)
    return folder


def files(folder: Path) -> list[Path]:
    """The files of a delivery."""
    return sorted((folder / FOLDER).glob("doanh_nghiep_*.csv"))
