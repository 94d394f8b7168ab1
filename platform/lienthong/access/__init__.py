"""Floor 5: the door. Subject + purpose + `Query` -> authorised rows, and a ledger entry for governed reads."""

from lienthong.access.door import Answer, Door
from lienthong.governance.subject import ANONYMOUS, Subject, Terms

__all__ = ["ANONYMOUS", "Answer", "Door", "Subject", "Terms"]
