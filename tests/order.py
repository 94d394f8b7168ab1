"""The order of files when several processes share them: long ones first, so that none is left alone at the end."""

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
    """In a process of several; alone, the order is the caller's."""
    if hasattr(config, "workerinput"):
        items.sort(key=_rank)
