"""Actions that keep values: options of the site, states of tasks, translations of terms; and those about jobs."""

import json
import time
from typing import Any
from weakref import WeakKeyDictionary

from lienthong.catalog.hosted import settings
from lienthong.catalog.hosted.tables import new_id
from lienthong.catalog.hosted.writing import Engine, reading, writing
from lienthong.ckan.call import Call, action
from lienthong.ckan.checks import text as plain
from lienthong.ckan.documents import Document
from lienthong.ckan.errors import Refusal, invalid, not_found
from lienthong.ckan.form import Form, told
from lienthong.ckan.parameters import natural, text

OPTIONS = (
    "ckan.site_title", "ckan.site_logo", "ckan.site_url", "ckan.site_description", "ckan.site_about",
    "ckan.site_intro_text", "ckan.site_custom_css", "ckan.theme", "logo_upload", "clear_logo_upload",
)  # fmt: skip
TITLE = "Liên Thông"
DESCRIPTIONS = {"vi": "Nền tảng dữ liệu dùng chung và dữ liệu mở", "en": "Shared data and open data platform"}
_LOOK_SECONDS = 1.0
_known: WeakKeyDictionary[Engine, tuple[float, dict[str, Document]]] = WeakKeyDictionary()
_TASK = ("entity_id", "entity_type", "task_type", "key", "value", "state", "error", "last_updated")


# --- options of the site ---------------------------------------------------------------------------------------------


async def options(call: Call) -> dict[str, Any]:
    """Every option with its value: as a sysadmin has set it, or as it is from the start. Not older than a second."""
    looked, kept = _known.get(call.engine, (0.0, {}))
    if time.monotonic() - looked >= _LOOK_SECONDS:
        begun = time.monotonic()
        async with reading(call.engine) as session:
            kept = await settings.every(session, "config")
        _known[call.engine] = begun, kept
    own = {
        "ckan.site_title": TITLE,
        "ckan.site_description": DESCRIPTIONS[call.language],
        "ckan.site_url": call.services.settings.public_url,
    }
    return {name: kept[name]["value"] if name in kept else own.get(name, "") for name in OPTIONS}


@action
async def config_option_list(call: Call) -> Any:
    """List the names of the options of the site (sysadmins)."""
    call.check("config_option")
    return list(OPTIONS)


@action
async def config_option_show(call: Call) -> Any:
    """Show an option of the site (sysadmins).

    :param key: its name
    """
    call.check("config_option")
    key = text(call.params, "key")
    if key not in OPTIONS:
        raise told(f"Configuration option '{key}' can not be shown")
    return (await options(call))[key]


@action
async def config_option_update(call: Call) -> Any:
    """Set options of the site (sysadmins). The title and the description are what status_show tells.

    :param key: the name of an option, with its value; as many as wanted
    """
    call.check("config_option")
    unknown = [name for name in call.params if name not in OPTIONS]
    if unknown:
        raise told(f"Configuration option(s) '{' '.join(unknown)}' can not be updated")
    given = Form(call.params)
    values = {name: given.text(name) for name in call.params}
    given.done()
    async with writing(call.engine) as session:
        for name, value in values.items():
            await settings.put(session, "config", name, {"value": value})
    _known.pop(call.engine, None)
    return values


# --- states of tasks -------------------------------------------------------------------------------------------------


@action
async def task_status_show(call: Call) -> Any:
    """Show the state of a task.

    :param id: its id; or all of:
    :param entity_id: what the task works on
    :param task_type: the kind of task
    :param key: its name
    """
    async with reading(call.engine) as session:
        if call.params.get("id"):
            found = await settings.get(session, "task", plain(call.params["id"]))
        else:
            known = {name: text(call.params, name) for name in ("entity_id", "task_type", "key")}
            found = next(iter(await settings.holding(session, "task", **known)), None)
    if found is None:
        raise not_found()
    return found


@action
async def task_status_update(call: Call) -> Any:
    """Keep the state of a task (sysadmins).

    :param id: the id of one that is there
    :param entity_id: what the task works on
    :param entity_type: the kind of thing that it works on
    :param task_type: the kind of task
    :param key: its name
    :param value: anything
    :param state: anything
    :param last_updated: when
    :param error: what went wrong
    """
    async with writing(call.engine) as session:
        known: Document | None = None
        if call.params.get("id"):
            known = await settings.get(session, "task", plain(call.params["id"]))
            if known is None:
                raise not_found("TaskStatus was not found.")
        call.check("task_status_update")
        given = Form(call.params)
        given.need("entity_id", "entity_type", "task_type", "key")
        given.done()
        body = known or {"id": new_id()} | dict.fromkeys(_TASK)
        body = body | {name: _kept(call.params[name]) for name in _TASK if name in call.params}
        await settings.put(session, "task", body["id"], body)
    return body


def _kept(value: Any) -> str | None:
    return None if value is None else plain(value)


@action
async def task_status_update_many(call: Call) -> Any:
    """Keep the states of many tasks (sysadmins).

    :param data: a list of what task_status_update takes
    """
    rows = Form(call.params).dicts("data")
    if rows is None:
        raise invalid("data", "Missing value")
    return {"results": [await task_status_update(call.asking(row)) for row in rows]}


@action
async def task_status_delete(call: Call) -> Any:
    """Forget the state of a task (sysadmins).

    :param id: its id
    """
    id = text(call.params, "id")
    async with writing(call.engine) as session:
        if await settings.get(session, "task", id) is None:
            raise not_found()
        call.check("task_status_delete")
        await settings.drop(session, "task", id)


# --- translations of terms -------------------------------------------------------------------------------------------


@action
async def term_translation_show(call: Call) -> Any:
    """Show translations of terms.

    :param terms: a term, or several
    :param lang_codes: only into these languages
    """
    if "terms" not in call.params:
        raise Refusal(409, {"terms": "terms not in data", "__type": "Validation Error"})
    terms, languages = _several(call, "terms"), _several(call, "lang_codes")
    async with reading(call.engine) as session:
        found = (await settings.every(session, "translation")).values()
    return [
        row for row in found if (not terms or row["term"] in terms) and (not languages or row["lang_code"] in languages)
    ]


def _several(call: Call, name: str) -> list[str]:
    given = call.params.get(name)
    if given in (None, ""):
        return []
    return [plain(part) for part in (given if isinstance(given, list) else [given])]


@action
async def term_translation_update(call: Call) -> Any:
    """Keep the translation of a term (sysadmins).

    :param term: the term
    :param term_translation: its translation
    :param lang_code: into which language, as `en`
    """
    call.check("term_translation_update")
    given = Form(call.params)
    given.need("term", "term_translation", "lang_code")
    body = {name: given.text(name) for name in ("term", "term_translation", "lang_code")}
    given.done()
    async with writing(call.engine) as session:
        await settings.put(session, "translation", json.dumps([body["lang_code"], body["term"]]), body)
    return body


@action
async def term_translation_update_many(call: Call) -> Any:
    """Keep the translations of many terms (sysadmins).

    :param data: a list of what term_translation_update takes
    """
    rows = call.params.get("data")
    if not rows or not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Refusal(409, {"error": "Must be a list of dicts", "__type": "Validation Error"})
    for row in rows:
        await term_translation_update(call.asking(row))
    return {"success": f"{len(rows)} rows updated"}


# --- jobs ------------------------------------------------------------------------------------------------------------


@action
async def job_list(call: Call) -> Any:
    """List waiting jobs (sysadmins): none; the platform's runs are no jobs of CKAN.

    :param queues: only of these queues
    :param limit: at most so many
    :param ids_only: ids instead of whole jobs
    """
    call.check("job")
    if not isinstance(call.params.get("queues", []), list):
        raise invalid("queues", "Not a list")
    natural(call.params, "limit", 0)
    return []


@action
async def job_show(call: Call) -> Any:
    """Show a job (sysadmins): there is none.

    :param id: its id
    """
    call.check("job")
    text(call.params, "id")
    raise not_found()


@action
async def job_cancel(call: Call) -> Any:
    """Cancel a job (sysadmins): there is none.

    :param id: its id
    """
    call.check("job")
    text(call.params, "id")
    raise not_found()


@action
async def job_clear(call: Call) -> Any:
    """Empty the queues of jobs (sysadmins): they are empty.

    :param queues: only these queues
    """
    call.check("job")
    return []
