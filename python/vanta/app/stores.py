"""The stores of the house."""

from vanta.domain.ports import Envelope
from vanta.store.accounts import Accounts
from vanta.store.audit import Audit
from vanta.store.ceilings import Ceilings
from vanta.store.controls import Controls
from vanta.store.day_pnl import DayPnl
from vanta.store.fills import Fills
from vanta.store.orders import Orders
from vanta.store.outbox import Outbox
from vanta.store.policies import Policies
from vanta.store.pool import Pool
from vanta.store.positions import Positions
from vanta.store.providers import Providers
from vanta.store.signals import Signals
from vanta.store.tickets import Tickets
from vanta.store.triggers import Triggers
from vanta.store.users import Users


class Stores:
    """One of each aggregate, on one pool."""

    def __init__(self, pool: Pool, envelope: Envelope) -> None:
        self.pool = pool
        self.envelope = envelope
        self.users = Users(pool)
        self.accounts = Accounts(pool)
        self.policies = Policies(pool)
        self.providers = Providers(pool, envelope)
        self.ceilings = Ceilings(pool)
        self.signals = Signals(pool)
        self.orders = Orders(pool)
        self.fills = Fills(pool)
        self.positions = Positions(pool)
        self.triggers = Triggers(pool)
        self.day_pnl = DayPnl(pool)
        self.tickets = Tickets(pool)
        self.outbox = Outbox(pool)
        self.controls = Controls(pool)
        self.audit = Audit(pool)
