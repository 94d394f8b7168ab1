"""Actions about tags: keywords of contracts, free tags of hosted datasets, tags of vocabularies."""

from typing import Any

from lienthong.catalog.hosted import tags
from lienthong.catalog.hosted.tables import HostedTag, HostedVocabulary
from lienthong.catalog.hosted.writing import Session, reading, writing
from lienthong.ckan import checks, documents, ids
from lienthong.ckan.call import Call, action
from lienthong.ckan.checks import text as plain
from lienthong.ckan.documents import Document
from lienthong.ckan.errors import invalid, not_found
from lienthong.ckan.form import Form
from lienthong.ckan.parameters import flag, page, text
from lienthong.ckan.shown import counts, datasets, quoted
from lienthong.kernel.text import fold

_MOST_DATASETS = 1_000


def document(row: HostedTag) -> Document:
    """A tag."""
    return {"id": row.id, "name": row.name, "vocabulary_id": row.vocabulary_id, "display_name": row.name}


async def of_call(call: Call, session: Session) -> HostedVocabulary | None:
    """The vocabulary that the parameters name, None when they name none. Raises Refusal."""
    name = call.params.get("vocabulary_id")
    if not name:
        return None
    found = await tags.vocabulary(session, plain(name))
    if found is None:
        raise not_found(f"could not find vocabulary '{name}'")
    return found


async def _known(call: Call, session: Session, owner: HostedVocabulary | None) -> list[Document]:
    """The tags of a vocabulary; without one the free tags that datasets bear which the caller may see."""
    if owner is not None:
        return [document(row) for row in (await tags.of_vocabularies(session, [owner.id])).get(owner.id, [])]
    names = (await counts(call, "tags", private=call.caller.is_known)).get("tags", {})
    hosted = await tags.free(session, names)
    shown = [document(hosted[name]) if name in hosted else documents.tag(name) for name in names]
    return sorted(shown, key=lambda tag: fold(str(tag["name"])))


@action
async def tag_list(call: Call) -> Any:
    """List the tags that datasets bear, or those of a vocabulary.

    :param query: only those that hold this text
    :param vocabulary_id: the id or name of a vocabulary
    :param all_fields: whole tags instead of names
    """
    async with reading(call.engine) as session:
        found = await _known(call, session, await of_call(call, session))
    shown = _holding(found, _words(call))
    return shown if flag(call.params, "all_fields") else [tag["name"] for tag in shown]


@action
async def tag_show(call: Call) -> Any:
    """Show a tag.

    :param id: its id or name
    :param vocabulary_id: the id or name of its vocabulary; without it the free tag
    :param include_datasets: also the datasets that bear it
    """
    name = text(call.params, "id")
    async with reading(call.engine) as session:
        given = call.params.get("vocabulary_id")
        owner = await tags.vocabulary(session, plain(given)) if given else None
        row = await tags.find(session, name, owner.id if owner else None) if owner or not given else None
        shown = document(row) if row else None
    if shown is None and not given:
        names = (await counts(call, "tags", private=call.caller.is_known)).get("tags", {})
        shown = next((documents.tag(tag) for tag in names if name in (tag, ids.tag_id(tag))), None)
    if shown is None:
        raise not_found()
    if flag(call.params, "include_datasets"):
        field = f"vocab_{owner.name}" if owner else "tags"
        shown["packages"] = (await datasets(call, f"+{field}:{quoted(shown['name'])}", _MOST_DATASETS))[1]
    return shown


@action
async def tag_search(call: Call) -> Any:
    """Find tags that hold a text.

    :param query: the text, or several
    :param vocabulary_id: the id or name of a vocabulary
    :param limit: at most so many
    :param offset: how many to skip
    """
    found = await _found(call)
    shown = [{key: tag[key] for key in ("id", "name", "vocabulary_id")} for tag in found]
    return {"count": len(found), "results": page(shown, call.params)}


@action
async def tag_autocomplete(call: Call) -> Any:
    """Find the names of tags that hold a text.

    :param q: the text
    :param vocabulary_id: the id or name of a vocabulary
    :param limit: at most so many
    :param offset: how many to skip
    """
    return page([tag["name"] for tag in await _found(call)], call.params)


async def _found(call: Call) -> list[Document]:
    words = _words(call)
    async with reading(call.engine) as session:
        given = call.params.get("vocabulary_id")
        owner = await tags.vocabulary(session, plain(given)) if given else None
        if given and owner is None:
            raise not_found()
        found = await _known(call, session, owner) if words else []
    return _holding(found, words)


def _holding(found: list[Document], words: list[str]) -> list[Document]:
    """Those that hold every text as it is written; when there are none, those that do without tone marks."""
    exact = [tag for tag in found if all(word in str(tag["name"]).lower() for word in words)]
    return exact or [tag for tag in found if all(fold(word) in fold(str(tag["name"])) for word in words)]


def _words(call: Call) -> list[str]:
    """The texts that a tag must hold."""
    fields = call.params.get("fields")
    given = call.params.get("query") or call.params.get("q") or []
    more = [fields[name] for name in ("tag", "tags") if name in fields] if isinstance(fields, dict) else []
    parts = [*(given if isinstance(given, list) else [given]), *more]
    return [word.lower() for part in parts if (word := plain(part).strip())]


# --- changing --------------------------------------------------------------------------------------------------------


@action
async def tag_create(call: Call) -> Any:
    """Make a tag of a vocabulary (sysadmins). A free tag is made by a dataset that bears it.

    :param name: 2 to 100 characters: letters, digits, spaces, `-`, `_` and `.`
    :param vocabulary_id: the id of the vocabulary
    """
    call.check("tag")
    given = Form(call.params)
    given.need("name", "vocabulary_id")
    if given.has("id"):
        given.fail("id", checks.unexpected("id"))
    name, place = given.text("name", checks.tag_length, checks.tag_letters), given.text("vocabulary_id")
    async with writing(call.engine) as session:
        owner = await tags.vocabulary(session, place) if place else None
        if place and owner is None:
            given.fail("vocabulary_id", "Tag vocabulary was not found.")
        elif owner and not name:
            given.fail("vocabulary_id", "No tag name")
        elif owner and name in [
            tag.name for tag in (await tags.of_vocabularies(session, [owner.id])).get(owner.id, [])
        ]:
            given.fail("vocabulary_id", f"Tag {name} already belongs to vocabulary {place}")
        given.done()
        row = HostedTag(name=name, vocabulary_id=owner.id if owner else None)
        session.add(row)
    return document(row) | {"packages": []}


@action
async def tag_delete(call: Call) -> Any:
    """Delete a tag (sysadmins): no dataset bears it any more.

    :param id: its id or name
    :param vocabulary_id: the id or name of its vocabulary; without it the free tag
    """
    call.check("tag")
    name = call.params.get("id")
    if not name:
        raise _no_id()
    async with writing(call.engine) as session:
        given = call.params.get("vocabulary_id")
        owner = await tags.vocabulary(session, plain(given)) if given else None
        row = await tags.find(session, plain(name), owner.id if owner else None) if owner or not given else None
        if row is None:
            raise not_found(f'Could not find tag "{name}"')
        await tags.drop(session, row)


def _no_id() -> Exception:
    refusal = invalid("id")
    refusal.error["id"] = "id not in data"
    return refusal


# --- vocabularies ----------------------------------------------------------------------------------------------------


@action
async def vocabulary_list(call: Call) -> Any:
    """List the vocabularies of tags with their tags."""
    async with reading(call.engine) as session:
        rows = await tags.vocabularies(session)
        inside = await tags.of_vocabularies(session, [row.id for row in rows])
    return [_vocabulary(row, inside.get(row.id, [])) for row in rows]


@action
async def vocabulary_show(call: Call) -> Any:
    """Show a vocabulary with its tags.

    :param id: its id or name
    """
    async with reading(call.engine) as session:
        return await _shown(session, await _one(call, session))


def _vocabulary(row: HostedVocabulary, inside: list[HostedTag]) -> Document:
    return {"id": row.id, "name": row.name, "tags": [document(tag) for tag in inside]}


async def _shown(session: Session, row: HostedVocabulary) -> Document:
    return _vocabulary(row, (await tags.of_vocabularies(session, [row.id])).get(row.id, []))


async def _one(call: Call, session: Session) -> HostedVocabulary:
    """The vocabulary that is asked for. Raises Refusal."""
    name = call.params.get("id")
    if not name:
        raise _no_id()
    found = await tags.vocabulary(session, plain(name))
    if found is None:
        raise not_found(f'Could not find vocabulary "{name}"')
    return found


@action
async def vocabulary_create(call: Call) -> Any:
    """Make a vocabulary of tags (sysadmins).

    :param name: 2 to 100 characters
    :param tags: its tags: a list of {name}
    """
    call.check("vocabulary")
    given = Form(call.params)
    given.need("name")
    name = given.text("name", _vocabulary_name)
    inside = _names(given)
    if given.has("id"):
        given.fail("id", checks.unexpected("id"))
    async with writing(call.engine) as session:
        if name and await tags.vocabulary(session, name):
            given.fail("name", "That vocabulary name is already in use.")
        given.done()
        row = HostedVocabulary(name=name)
        session.add(row)
        await session.flush()
        await tags.replace(session, row, inside)
        return await _shown(session, row)


@action
async def vocabulary_update(call: Call) -> Any:
    """Change a vocabulary (sysadmins): its tags become those that are sent.

    :param id: its id or name
    :param name: its new name
    :param tags: its tags, all of them: a list of {name}
    """
    call.check("vocabulary")
    async with writing(call.engine) as session:
        row = await _one(call, session)
        given = Form(call.params)
        name = given.text("name", _vocabulary_name)
        if name and name != row.name and await tags.vocabulary(session, name):
            given.fail("name", "That vocabulary name is already in use.")
        inside = _names(given)
        given.done()
        row.name = name or row.name
        if "tags" in call.params:
            await tags.replace(session, row, inside)
        return await _shown(session, row)


@action
async def vocabulary_delete(call: Call) -> Any:
    """Delete a vocabulary (sysadmins) and its tags; datasets bear them no more.

    :param id: its id or name
    """
    call.check("vocabulary")
    async with writing(call.engine) as session:
        await tags.drop_vocabulary(session, await _one(call, session))


def _vocabulary_name(value: str) -> str:
    if len(value) < 2:
        raise checks.Wrong("Name must be at least 2 characters long")
    if len(value) > checks.MOST:
        raise checks.Wrong(f"Name must be a maximum of {checks.MOST} characters long")
    return value


def _names(given: Form) -> list[str]:
    """The names of the tags that were sent; what is wrong with them stands in one flat list."""
    found = []
    for part in given.dicts("tags") or []:
        value, wrong = checks.passed(part.get("name"), checks.given, checks.text, checks.tag_length, checks.tag_letters)
        given.fail("tags", *wrong) if wrong else found.append(value)
    return found
