"""Calls to paste, for one dataset: REST, GraphQL, CKAN, Python."""

from lienthong.contract.model import Contract
from lienthong.kernel.text import Language, camel


def examples(contract: Contract, site: str, language: Language) -> list[tuple[str, str]]:
    """(title, text) of each call. A dataset that is not open is called with a token."""
    token = "" if contract.is_open else " -H 'Authorization: Bearer $TOKEN'"
    shown = [f.name for f in (contract.open_fields or contract.fields)][:3]
    rest = f"curl{token} '{site}/api/v1/datasets/{contract.slug}/rows?limit=5&fields={','.join(shown)}'"
    return [
        ("REST", rest),
        *([("Python (pandas)", _pandas(contract, site))] if contract.is_open else []),
        ("GraphQL", _graphql(contract, site, token, shown)),
        ("CKAN (ckanapi)", _ckan(contract, site)),
    ]


def _pandas(contract: Contract, site: str) -> str:
    return f'import pandas\n\nrows = pandas.read_csv("{site}/api/v1/datasets/{contract.slug}/download.csv", dtype=str)'


def _graphql(contract: Contract, site: str, token: str, shown: list[str]) -> str:
    query = f"{{ {camel(contract.id)}(first: 5) {{ edges {{ node {{ {' '.join(map(camel, shown))} }} }} }} }}"
    return f"curl{token} {site}/graphql -H 'Content-Type: application/json' \\\n  -d '{{\"query\": \"{query}\"}}'"


def _ckan(contract: Contract, site: str) -> str:
    key = "" if contract.is_open else ', apikey="$TOKEN"'
    return (
        f'import ckanapi\n\nsite = ckanapi.RemoteCKAN("{site}"{key})\n'
        f'rows = site.action.datastore_search(resource_id="{contract.slug}", limit=5)["records"]'
    )
