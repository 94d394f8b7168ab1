"""Codes of Vietnamese administration; the sources of each form stand in its docstring."""

from lienthong.contract.types.pattern import PatternType
from lienthong.kernel.text import both

_AGENCY = r"[A-Y][0-9]{2}(\.[A-Z0-9]+)*"
_LEGACY_AGENCY = r"[0-9]{3}\.[0-9]{2}\.[0-9]{2}\.[A-Z][0-9]{2}"
_YYMMDD = r"[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])"


class AgencyCode(PatternType):
    """Electronic identifier of an agency: QĐ 20/2020/QĐ-TTg, highest level first, at most 35 characters.

    `Z` and two characters begin the identifier of an organisation that is not a state agency.
    """

    name = "agency_code"
    bare = True
    pattern = _AGENCY + r"|Z[A-Z0-9]{2}[A-Z0-9.]*[A-Z0-9]"
    form = both("mã định danh cơ quan theo QĐ 20/2020/QĐ-TTg", "an agency identifier of QĐ 20/2020/QĐ-TTg")
    example = "H37.01.02"
    max_length = 35


class LegacyAgencyCode(PatternType):
    """Electronic identifier of an agency before 2020: QCVN 102:2016/BTTTT, highest level last."""

    name = "legacy_agency_code"
    bare = True
    pattern = _LEGACY_AGENCY
    form = both("mã định danh cơ quan theo QCVN 102:2016", "an agency identifier of QCVN 102:2016")
    example = "000.00.01.H37"
    max_length = 13


class ProcedureCode(PatternType):
    """Code of an administrative procedure in the national database.

    `d.dddddd`, with the number of a case (`.01`) or the issuing body (`.000.00.00.H03`) after it.
    """

    name = "procedure_code"
    bare = True
    pattern = rf"[0-9]\.[0-9]{{6}}(\.[0-9]{{2}}|\.{_LEGACY_AGENCY})?"
    form = both("mã thủ tục hành chính", "the code of an administrative procedure")
    example = "1.001193"
    max_length = 22


class DossierCode(PatternType):
    """Code of a dossier: TT 01/2018/TT-VPCP Điều 19, with the agency's old or new identifier."""

    name = "dossier_code"
    bare = True
    pattern = rf"({_LEGACY_AGENCY}|{_AGENCY})-{_YYMMDD}-[0-9]{{4,7}}"
    form = both("mã hồ sơ theo TT 01/2018/TT-VPCP", "a dossier code of TT 01/2018/TT-VPCP")
    example = "H37.01.02-261008-0975"
    max_length = 50


class RankCode(PatternType):
    """Rank of a civil servant (`dd.ddd`) or professional title of a public employee (`V.dd.dd.dd`)."""

    name = "rank_code"
    bare = True
    pattern = r"[0-9]{2}[ab]?\.[0-9]{3}|V\.[0-9]{2}\.[0-9]{2}\.[0-9]{2}"
    form = both("mã ngạch hoặc mã chức danh nghề nghiệp", "a rank code or a professional title code")
    example = "01.003"
    max_length = 10


class DocumentNumber(PatternType):
    """Number and sign of a document (NĐ 30/2020/NĐ-CP), such as `47/2020/NĐ-CP` or `1726/QĐ-UBND`.

    Words before the number ("Quyết định số"), blanks and the letter Ð (U+00D0) written for Đ are put right.
    """

    name = "document_number"
    bare = True
    pattern = (
        r"[0-9]{1,6}[A-Za-zĐđ]?(/[0-9]{4})?[/-][A-ZĐƯ][A-ZĐƯa-zđư0-9&()]*(-[A-ZĐƯa-zđư0-9&()]+)*"
        r"(/[A-ZĐƯa-zđư0-9&()]+(-[A-ZĐƯa-zđư0-9&()]+)*)*"
    )
    form = both("số, ký hiệu văn bản", "the number and sign of a document")
    example = "47/2020/NĐ-CP"
    max_length = 100
    replacements = (
        ("\u00d0", "Đ"),
        (r"^([A-ZĐa-zđ][^0-9]{0,40} )?[Ss]ố:? ", ""),
        (r" *([/-]) *", r"\1"),
    )
