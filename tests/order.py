"""The order of files when several processes share them: long ones first, so that none is left alone at the end.

Processes share tests by their names: each must have its own.
"""

from collections import Counter

import pytest

# Longest first. A file counts as long when it takes a quarter of a minute or more of a quiet core.
LONG = (
    "security/test_database_rights.py", "security/test_canary_sweep.py", "ckan/test_replay.py",
    "surface/test_identity_people.py", "journey/test_release_swap.py", "security/test_graphql_cost.py",
    "security/test_ledger_access.py", "security/test_policy_leaks.py", "security/test_oracles.py",
    "journey/test_first_write.py", "journey/test_ingest_killed.py", "journey/test_new_dataset.py",
    "security/test_generated_calls.py", "security/test_policy_properties.py", "surface/test_identity_docs.py",
    "surface/test_federation.py", "surface/test_platform_documents.py", "security/test_ledger_command.py",
    "surface/test_agreement_cli.py", "unit/test_detectors_recall.py", "unit/test_synthetic_truth.py",
)  # fmt: skip
FOLDERS = ("journey", "ckan", "security", "surface", "golden", "meta", "unit")


def _rank(item: pytest.Item) -> tuple[int, int]:
    _, folder, name = item.path.parts[-3:]
    path = f"{folder}/{name}"
    return (
        LONG.index(path) if path in LONG else len(LONG),
        FOLDERS.index(folder) if folder in FOLDERS else len(FOLDERS),
    )


def pytest_configure(config: pytest.Config) -> None:
    """Files are taken in the order of `pytest_collection_modifyitems`, not by how many tests they hold."""
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Give each test a name of its own, and put them in order; in a process alone, the order is the caller's."""
    for item in items:
        if getattr(item, "operation_label", None) and item.parent:  # a name that pytest 9.2 takes from schemathesis
            item._id = item.parent.id.child(item.name)
    twice = [name for name, times in Counter(item.nodeid for item in items).items() if times > 1]
    if twice:  # of tests of one name, several processes would run the first alone
        raise pytest.UsageError(f"tests have the same name: {twice[:5]}")
    if hasattr(config, "workerinput"):
        items.sort(key=_rank)
