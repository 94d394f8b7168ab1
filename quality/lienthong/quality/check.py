"""`lienthong check`: the suite on the governed rows as they are now."""

from lienthong.contract.model import Contract
from lienthong.kernel.settings import Settings
from lienthong.quality import results
from lienthong.quality.outcome import ValidationOutcome
from lienthong.quality.runner import run_checkpoint
from lienthong.store import owner


def check(settings: Settings, contract: Contract) -> ValidationOutcome:
    """Judge the governed table of `contract` and keep the result."""
    outcome = run_checkpoint(owner.owner_url(settings), "governed", contract.id, contract)
    with owner.connect(settings) as connection:
        results.save(connection, outcome)
    return outcome
