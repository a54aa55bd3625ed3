"""Wires who may do what: people, step-up, second person, gate."""

import argon2

from vanta.control.approvals import Approvals
from vanta.control.gate import Gate
from vanta.control.owner import OwnerCode
from vanta.control.people import Changed, People
from vanta.control.step_up import HASHER, StepUp
from vanta.domain.ports import Clock, Envelope
from vanta.settings import Settings
from vanta.store.pool import Pool


class Rights:
    """One of each, on one pool. `envelope` None: PINs only, no codes."""

    def __init__(
        self,
        *,
        settings: Settings,
        pool: Pool,
        clock: Clock,
        envelope: Envelope | None,
        changed: Changed,
        hasher: argon2.PasswordHasher = HASHER,
    ) -> None:
        self.people = People(
            pool=pool, clock=clock, owner=OwnerCode(settings.home, clock), changed=changed
        )
        self.step_up = StepUp(
            pool=pool,
            clock=clock,
            session_s=settings.step_up_s,
            settle_s=settings.first_proof_wait_s,
            envelope=envelope,
            hasher=hasher,
        )
        self.approvals = Approvals(pool=pool, clock=clock, step_up=self.step_up)
        self.gate = Gate(
            pool=pool,
            clock=clock,
            step_up=self.step_up,
            approvals=self.approvals,
            two_person=settings.two_person,
        )
