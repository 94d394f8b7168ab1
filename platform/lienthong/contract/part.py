"""What every part of a contract is made of."""

from functools import cached_property
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

NAME = r"^[a-z][a-z0-9_]{1,62}$"
ConditionMap = dict[str, Any]


class Part(BaseModel):
    """A part of a contract: camelCase in YAML, unknown keys refused."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        populate_by_name=True,
        ignored_types=(cached_property,),
    )
