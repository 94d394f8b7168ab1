"""Calls made from the OpenAPI document itself, right and wrong ones, each of four callers (schemathesis). B01.

Whatever fits the document or breaks it: no 5xx, no status, media type, header or body beside those that are written.
Cases are drawn once and sent by every caller: drawing costs more than answering. `LIENTHONG_CALLS` sets how many cases
are drawn for an operation: 32 make over 10,000 calls.
"""

import os
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis import checks

from lienthong.app.documents import openapi
from lienthong.contract.loader import load_all
from tests.surface.small import ADMIN, AGENCY, DATASETS, KEEPER, World

CALLS = int(os.environ.get("LIENTHONG_CALLS", "32"))
CALLERS = (None, AGENCY, KEEPER, ADMIN)
SCHEMA = schemathesis.openapi.from_dict(openapi(load_all(DATASETS)))
CHECKS = [
    checks.not_a_server_error,
    *checks.CHECKS.get_by_names(
        [
            "status_code_conformance",
            "content_type_conformance",
            "response_headers_conformance",
            "response_schema_conformance",
        ]
    ),
]


@pytest.fixture(scope="module")
def world(own_world: World) -> World:
    """This file changes it: not the world that is only read."""
    return own_world


@SCHEMA.parametrize()
@settings(
    max_examples=CALLS,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_generated_calls_meet_only_what_is_written(world: World, case: Any) -> None:
    # The calls go through the app in this process, not over a socket.
    given = case.as_transport_kwargs(base_url="http://world")
    options = {
        name: given[name] for name in ("params", "json", "data", "content", "files") if given.get(name) is not None
    }
    headers = {name: value for name, value in (given.get("headers") or {}).items() if name.lower() != "authorization"}
    for token in CALLERS:
        answer = world.client(token).request(
            given["method"], given["url"], headers=headers, cookies=given.get("cookies"), **options
        )
        if answer.request.url.path.startswith(case.operation.path.partition("{")[0]):
            case.validate_response(answer, checks=CHECKS)
        # Else a value has `..` in it: the client has gone to another address.
