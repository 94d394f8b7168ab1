"""People and organizations of the worlds that host data."""

import pytest

from tests.surface.hosted import did, user
from tests.surface.small import ADMIN, World


@pytest.fixture(scope="module")
def tokens(own_world: World) -> dict[str, str]:
    """An organization with a user of each role, one user without any, and two datasets, one of them private."""
    found = {name: user(own_world, f"u-{name}") for name in ("admin", "editor", "member", "nobody")}
    did(own_world, "organization_create", ADMIN, name="so-y-te", title="Sở Y tế")
    for role in ("admin", "editor", "member"):
        did(own_world, "organization_member_create", ADMIN, id="so-y-te", username=f"u-{role}", role=role)
    did(own_world, "package_create", found["editor"], name="benh-vien", owner_org="so-y-te", tags=[{"name": "y tế"}])
    did(own_world, "package_create", found["editor"], name="ho-so", owner_org="so-y-te", private=True)
    return found


@pytest.fixture(scope="module")
def lan(own_world: World) -> str:
    """The token of the user lan."""
    return user(own_world, "lan", fullname="Nguyễn Thị Lan", about="Biên tập viên")


@pytest.fixture(scope="module")
def minh(own_world: World) -> str:
    """The token of the user minh."""
    return user(own_world, "minh")
