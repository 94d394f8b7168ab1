"""Which datasets have a synthetic twin: those that an agreement may open, and of which not everything is open."""

from lienthong.contract.model import Contract


def has_twin(contract: Contract) -> bool:
    """Is there something that can be asked for, yet not read by everybody?"""
    if contract.derived_from or contract.access.shared is None:
        return False
    filtered = contract.open_view is not None and contract.open_view.where is not None
    return filtered or len(contract.open_fields) < len(contract.fields)
