"""People and organizations of the worlds that host data."""

import pytest

from tests.surface.hosted import did, user
from tests.surface.small import ADMIN, World


@pytest.fixture(scope="session")
def tokens(shared_world: World) -> dict[str, str]:
    """An organization with a user of each role, one user without any, and two datasets, one of them private."""
    found = {name: user(shared_world, f"u-{name}") for name in ("admin", "editor", "member", "nobody")}
    did(shared_world, "organization_create", ADMIN, name="so-y-te", title="Sở Y tế")
    for role in ("admin", "editor", "member"):
        did(shared_world, "organization_member_create", ADMIN, id="so-y-te", username=f"u-{role}", role=role)
    did(shared_world, "package_create", found["editor"], name="benh-vien", owner_org="so-y-te", tags=[{"name": "y tế"}])
    did(shared_world, "package_create", found["editor"], name="ho-so", owner_org="so-y-te", private=True)
    return found


@pytest.fixture(scope="session")
def lan(shared_world: World) -> str:
    """The token of the user lan."""
    return user(shared_world, "lan", fullname="Nguyễn Thị Lan", about="Biên tập viên")


@pytest.fixture(scope="session")
def minh(shared_world: World) -> str:
    """The token of the user minh."""
    return user(shared_world, "minh")
