"""The procedure database as the national export gives it: JSON Lines of nested, half-structured records."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl

from .agencies import Agencies
from .draw import stream
from .facts import facts
from .places import Places
from .procedure_base import COMMUNE, DISTRICT, ProcedureBase
from .procedure_mess import Spoiler
from .settings import Settings
from .truth import Truth

SOURCE = "procedure database"
_FILES = {"tinh": "procedure_database/tthc_cap_tinh.jsonl", "xa": "procedure_database/tthc_cap_huyen_xa.jsonl"}
_LEVELS = ("Cấp Tỉnh", "Cấp Huyện", "Cấp Xã")
_KINDS = [
    "TTHC được luật giao quy định chi tiết",
    "TTHC không được luật giao cho địa phương quy định hoặc quy định chi tiết", "Loại khác",
]  # fmt: skip
_CITIZEN = "Công dân Việt Nam, Người Việt Nam định cư ở nước ngoài, Người nước ngoài"
_BUSINESS = "Doanh nghiệp, Doanh nghiệp có vốn đầu tư nước ngoài, Hợp tác xã, Tổ chức (không bao gồm doanh nghiệp, HTX)"
_PAPERS = [
    "Bản sao Căn cước công dân hoặc căn cước", "Bản sao giấy chứng nhận đăng ký doanh nghiệp",
    "Sơ đồ vị trí, bản vẽ kèm theo",
    "Văn bản ủy quyền (nếu có)", "Ảnh chân dung 4x6", "Bản sao giấy chứng nhận quyền sử dụng đất",
    "Báo cáo thuyết minh",
]  # fmt: skip
_FETCHED = {"Bản sao Căn cước công dân hoặc căn cước": "CSDL quốc gia về dân cư",
            "Bản sao giấy chứng nhận đăng ký doanh nghiệp": "Đăng ký doanh nghiệp",
            "Bản sao giấy chứng nhận quyền sử dụng đất": "CSDL đất đai"}  # fmt: skip


def write(settings: Settings, home: Places, bodies: Agencies, base: ProcedureBase, truth: Truth) -> dict[str, int]:
    """Write the export; gives the rows of each file."""
    rng = stream(settings.seed, SOURCE)
    names, codes = bodies.frame["name"].to_list(), bodies.frame["code"].to_list()
    sheets: dict[str, list[dict[str, Any]]] = {"tinh": [], "xa": []}
    for version in base.versions.iter_rows(named=True):
        row = version["row"]
        record = _record(rng, home, base, row, version, names[version["department"]], codes[version["department"]])
        sheets["xa" if base.level[row] else "tinh"].append(record)
    files: dict[str, int] = {}
    for kind, path in _FILES.items():
        spoiler = Spoiler(truth, SOURCE, path, sheets[kind], stream(settings.seed, SOURCE, kind))
        spoiler.spoil()
        (settings.out / path).parent.mkdir(parents=True, exist_ok=True)
        with (settings.out / path).open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in sheets[kind])
        files[path] = len(sheets[kind])
    return files


def _record(
    rng: np.random.Generator,
    home: Places,
    base: ProcedureBase,
    row: int,
    version: dict[str, Any],
    body: str,
    body_code: str,
) -> dict[str, Any]:
    code, field = base.code[row], facts("procedure_fields").row(int(base.field[row]), named=True)
    level = version["level"]
    state = (
        "Công khai"
        if version["last"] and version["to"] is None
        else "Bãi bỏ"
        if version["last"]
        else "Sửa đổi, bổ sung"
    )
    forms = _forms(rng, home, code) if rng.random() < 0.7 else []
    papers = _components(rng, forms)
    channels = list(_channels(rng, home, base, row))
    receiver = {COMMUNE: "Ủy ban nhân dân cấp xã", DISTRICT: "Ủy ban nhân dân cấp huyện"}.get(level, body)
    published = version["decided"].toordinal() + int(rng.integers(1, 10))
    return {
        "thu_tuc_id": code, "source_file": f"ChiTietTTHC_{code}.doc",
        "metadata": {
            "mã_thủ_tục": code, "tên_thủ_tục": base.name[row], "số_quyết_định": version["decision"],
            "cấp_thực_hiện": _LEVELS[level],
            "loại_thủ_tục": _KINDS[int(np.searchsorted([0.9, 0.97], rng.random()))], "lĩnh_vực": field["name"],
            "mã_lĩnh_vực": f"{home.agency_prefix}-{field['field']}", "phiên_bản": str(version["version"]),
            "ngày_quyết_định": f"{version['decided']:%d/%m/%Y}", "ngày_hiệu_lực": f"{version['from']:%d/%m/%Y}",
            "ngày_hết_hiệu_lực": f"{version['to']:%d/%m/%Y}" if version["to"] else "",
            "ngày_công_khai": f"{version['decided'].fromordinal(published):%d/%m/%Y}", "trạng_thái": state,
            "phi_địa_giới": "Có" if rng.random() < 0.3 else "Không", "mã_cơ_quan": body_code, "dữ_liệu_mô_phỏng": "1",
        },
        "content": {
            "trình_tự_thực_hiện": _steps(receiver), "cách_thức_thực_hiện": "",
            "đối_tượng_thực_hiện": _subjects(rng, level),
            "cơ_quan_thực_hiện": receiver, "cơ_quan_có_thẩm_quyền": receiver, "cơ_quan_phối_hợp": "",
            "địa_chỉ_tiếp_nhận_hs": f"Bộ phận Một cửa, {receiver}",
            "kết_quả_thực_hiện": f"Kết quả giải quyết: {base.name[row]}",
            "yêu_cầu_điều_kiện_thực_hiện": "Không",
        },
        "tables": {
            "hinh_thuc_nop": channels, "thanh_phan_ho_so": papers, "can_cu_phap_ly": list(_bases(rng)),
            "bieu_mau": forms,
        },
        "tong_hop": {
            "thoi_han_ngay": f"{base.days[row]:g}", "cat_giam_ngay": f"{base.reduced[row]:g}",
            "le_phi_vnd": str(base.fee[row]),
            "so_giay_to": str(len(papers)), "co_bieu_mau": "1" if forms else "0",
            "co_truc_tuyen": "1" if base.online[row] else "0",
        },
    }  # fmt: skip


def _subjects(rng: np.random.Generator, level: int) -> str:
    if level == COMMUNE:
        return _CITIZEN
    return _BUSINESS if rng.random() < 0.5 else f"{_CITIZEN}, {_BUSINESS}"


def duration(days: float, style: float = 1.0) -> str:
    """`05 Ngày làm việc`; less than a day in hours."""
    if days < 1:
        return f"{round(days * 8):02d} Giờ"
    return f"{days:02.0f} Ngày làm việc" if style > 0.4 else f"{days:g} Ngày làm việc"


def _channels(rng: np.random.Generator, home: Places, base: ProcedureBase, row: int) -> Iterator[dict[str, str]]:
    kinds = ["Trực tiếp"] + ["Trực tuyến"] * bool(base.online[row]) + ["Dịch vụ bưu chính"] * bool(base.postal[row])
    text, style = f"{base.fee[row]:,}".replace(",", "."), rng.random()
    for kind in kinds:
        yield {
            "hinh_thuc": kind, "thoi_han_giai_quyet": duration(base.days[row], style),
            "phi_le_phi": f"{'Lệ phí' if base.fee[row] else 'Phí'} : {text} Đồng",
            "thoi_han_cat_giam": duration(base.reduced[row]) if base.reduced[row] < base.days[row] else "",
            "dia_chi_nop": f"{home.portal}/nop-ho-so/{base.code[row]}" if kind == "Trực tuyến" else "",
        }  # fmt: skip


def _forms(rng: np.random.Generator, home: Places, code: str) -> list[dict[str, str]]:
    return [
        {
            "ma_bieu_mau": f"BM-{code}-{number:02d}", "ten_bieu_mau": f"Mẫu số {number:02d}. Đơn đề nghị",
            "tep": f"{home.portal}/bieu-mau/BM-{code}-{number:02d}.docx", "dinh_dang": "docx",
            "dien_tu": "1" if rng.random() < 0.4 else "0",
        }
        for number in range(1, 2 + int(rng.random() < 0.3))
    ]  # fmt: skip


def _components(rng: np.random.Generator, forms: list[dict[str, str]]) -> list[dict[str, str]]:
    papers = [(form["ten_bieu_mau"], f"{form['ma_bieu_mau']}.docx") for form in forms]
    papers += [(_PAPERS[int(place)], "") for place in rng.permutation(len(_PAPERS))[: int(rng.integers(1, 5))]]
    return [
        {
            "ten_giay_to": name, "so_luong": file, "ghi_chu": f"Bản chính: {int(bool(file))}\nBản sao: {int(not file)}",
            "nguon_du_lieu": _FETCHED.get(name, ""),
        }
        for name, file in papers
    ]  # fmt: skip


def _bases(rng: np.random.Generator) -> Iterator[dict[str, str]]:
    known = facts("legal_facts").filter(pl.col("issued_date").is_between(pl.lit("1"), pl.lit("2025")))
    for place in rng.permutation(known.height)[: int(rng.integers(2, 6))]:
        document = known.row(int(place), named=True)
        yield {"so_ky_hieu": document["doc_number"], "trich_yeu": document["title"]}


def _steps(receiver: str) -> str:
    return (
        f"- Bước 1: Tổ chức, cá nhân nộp hồ sơ tại Bộ phận Một cửa của {receiver} hoặc trên Cổng dịch vụ công.\n"
        "- Bước 2: Công chức kiểm tra hồ sơ, cấp giấy tiếp nhận và hẹn trả kết quả.\n"
        f"- Bước 3: {receiver} thẩm định, giải quyết hồ sơ.\n- Bước 4: Trả kết quả và thu phí, lệ phí (nếu có)."
    )
