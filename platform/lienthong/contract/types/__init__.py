"""Logical types: one class each, one registry. A new kind of value is one class and one line here."""

from collections.abc import Mapping
from types import MappingProxyType

from lienthong.contract.types.base import Column, LogicalType, Operator, Options, ParseError
from lienthong.contract.types.coded import Enum, VsicCode
from lienthong.contract.types.codes import (
    AgencyCode,
    DocumentNumber,
    DossierCode,
    LegacyAgencyCode,
    ProcedureCode,
    RankCode,
)
from lienthong.contract.types.contact import Email, Phone, Url
from lienthong.contract.types.dates import Date, DateTime, PartialDate
from lienthong.contract.types.lists import ListOf
from lienthong.contract.types.numeric import Boolean, DecimalNumber, Integer, Money
from lienthong.contract.types.persons import CitizenId, TaxCode
from lienthong.contract.types.places import AdminUnit, MultiPolygon, Point
from lienthong.contract.types.text import Identifier, Text, Uuid

_types: dict[str, LogicalType] = {
    kind.name: kind
    for kind in (
        *(Text(), Identifier(), Uuid()),
        *(Integer(), DecimalNumber(), Money(), Boolean()),
        *(Date(), PartialDate(), DateTime()),
        *(Enum(), VsicCode()),
        *(AgencyCode(), LegacyAgencyCode(), ProcedureCode(), DossierCode(), RankCode(), DocumentNumber()),
        *(CitizenId(), TaxCode()),
        *(Phone(), Email(), Url()),
        *(AdminUnit(), Point(), MultiPolygon()),
    )
}
_types["list"] = ListOf(_types)

TYPES: Mapping[str, LogicalType] = MappingProxyType(_types)

__all__ = ["TYPES", "Column", "LogicalType", "Operator", "Options", "ParseError"]
