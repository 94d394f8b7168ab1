"""datastore_function_create and datastore_function_delete: functions that run before a row is written.

They may look at the row and change it, and nothing else (docs/sql.md).
"""

import re
from typing import Any

from lienthong.access.hosted import Refused
from lienthong.access.sql import reader
from lienthong.ckan.call import Call, action
from lienthong.ckan.datastore_tables import rows_of
from lienthong.ckan.errors import Refusal, invalid, missing, not_found
from lienthong.ckan.parameters import flag
from lienthong.store.sql_reader import Rejected

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")


@action
async def datastore_function_create(call: Call) -> Any:
    """Make a trigger function, as a sysadmin.

    :param name: its name
    :param or_replace: also when there is one of this name (false)
    :param rettype: trigger
    :param definition: its body in PL/pgSQL; it may read and set members of NEW, and refuse the row by RAISE EXCEPTION
    """
    call.check("datastore_function")
    params = call.params
    if wrong := {name: ["Missing value"] for name in ("name", "definition") if not params.get(name)}:
        raise Refusal(409, {**wrong, "__type": "Validation Error"})
    name, body = str(params["name"]), str(params["definition"])
    if not _NAME.fullmatch(name):
        raise invalid("name", f'"{name}" is not a valid function name')
    if params.get("rettype") not in (None, "", "trigger"):
        raise invalid("rettype", "Value must be one of ['trigger']")
    try:
        await reader(call.services).function(body)
        await rows_of(call).create_function(name, body, replace=flag(params, "or_replace"))
    except Rejected as error:
        raise invalid("definition", error.message) from error
    except Refused as error:
        field = "name" if "already exists" in error.reason else "definition"
        raise invalid(field, error.reason) from error


@action
async def datastore_function_delete(call: Call) -> Any:
    """Delete a trigger function, as a sysadmin.

    :param name: its name
    :param if_exists: also when there is none (false)
    """
    call.check("datastore_function")
    name = call.params.get("name")
    if not name:
        raise missing("name")
    try:
        await rows_of(call).drop_function(str(name), if_exists=flag(call.params, "if_exists"))
    except Refused as error:
        if error.reason.endswith("does not exist"):
            raise not_found(error.reason) from error
        raise invalid("name", error.reason) from error
