"""Everything about who somebody is, made once beside the directory."""

from sqlalchemy.ext.asyncio import AsyncEngine

from lienthong.governance.identity.box import Box
from lienthong.governance.identity.brake import Brake
from lienthong.governance.identity.clients import Clients
from lienthong.governance.identity.oauth import OAuth
from lienthong.governance.identity.oidc import Oidc
from lienthong.governance.identity.passkeys import Passkeys
from lienthong.governance.identity.people import People
from lienthong.governance.identity.signin import SignIn
from lienthong.governance.identity.tokens import Tokens
from lienthong.governance.identity.totp import SecondFactor
from lienthong.kernel.settings import Settings


class Identity:
    """The parts, over one engine. `secret` is the home's: what is sealed with it opens nowhere else."""

    def __init__(self, engine: AsyncEngine, settings: Settings, secret: bytes) -> None:
        self.box = Box(secret)
        self.brake = Brake(engine)
        self.tokens = Tokens(engine)
        self.clients = Clients(engine)
        self.oauth = OAuth(engine, settings.public_url)
        self.people = People(engine)
        self.factor = SecondFactor(engine, self.box)
        self.sign_in = SignIn(engine, self.brake, self.factor)
        self.passkeys = Passkeys(engine, self.box, settings.public_url)
        self.oidc = Oidc(engine, self.box, settings)
