"""The gate every command passes: may this person do this, here, now, and is it meant?

standing ─► right ─► group ─► words ─► step-up ─► confirm or word ─► second person ─► handler
"""

import hashlib
from collections.abc import Sequence
from typing import Final

import msgspec

from vanta.control import refusals
from vanta.control.approvals import Approvals
from vanta.control.step_up import StepUp
from vanta.domain.command import Actor, CommandInfo, Need, Reply
from vanta.domain.errors import echo
from vanta.domain.ports import Clock
from vanta.domain.roles import Right, Standing, may
from vanta.domain.verdict import Reason
from vanta.store.audit import Audit
from vanta.store.one_time import OneTimeTokens, Purpose
from vanta.store.pool import Pool
from vanta.store.users import Users

CONFIRM_NS: Final = 60 * 10**9
ARGS_NOTED: Final = 10
ADMINS_ONLY: Final = frozenset({Right.OPERATE, Right.GOVERN})


class Gate:
    """Admits commands. Who asks is read from the store: a way in may know an older role."""

    def __init__(
        self, *, pool: Pool, clock: Clock, step_up: StepUp, approvals: Approvals, two_person: bool
    ) -> None:
        self._users = Users(pool)
        self._tokens = OneTimeTokens(pool)
        self._audit = Audit(pool)
        self._clock = clock
        self._step_up = step_up
        self._approvals = approvals
        self._two_person = two_person

    async def keeps_out(self, actor: Actor, info: CommandInfo) -> Reply | None:
        """Return None when this person has a right to the command at all, else the refusal.

        Asked before the words are looked at, so none of them are written down: nobody has read
        them, and one may be a PIN that stands in the wrong place.
        """
        no = await self._against(actor, info)
        return None if no is None else await self._refuse(actor, info, (), no)

    async def admit(
        self, actor: Actor, info: CommandInfo, args: Sequence[str], token: str, word: str
    ) -> Reply | None:
        """Return None when the command goes on, else what to tell instead.

        `info` is what these arguments ask for: to DRY needs less than to LIVE. Raises
        `NotFoundError` for a user that does not exist.
        """
        if (no := await self._against(actor, info)) is not None:
            return await self._refuse(actor, info, args, no)
        if info.step_up and not await self._step_up.is_fresh(actor.user.id):
            is_set = await self._step_up.is_set(actor.user.id)
            why = refusals.stale_proof() if is_set else refusals.no_credentials()
            return await self._refuse(actor, info, args, why, need=Need.STEP_UP)
        if info.step_up and info.right in ADMINS_ONLY:
            settles_ns = await self._step_up.settles_ns(actor.user.id)
            if settles_ns > self._clock.now_ns():
                return await self._refuse(actor, info, args, refusals.too_new(settles_ns))
        if info.confirm or info.word:
            reply = await self._confirm(actor, info, args, token, word)
            if reply is not None:
                return reply
        if info.second_person and self._two_person:
            return await self._approvals.ask(actor, info, args)
        return None

    async def _against(self, actor: Actor, info: CommandInfo) -> Reason | None:
        user = await self._users.get(actor.user.id)
        if user.standing != Standing.ACTIVE:
            return refusals.not_active(user)
        if not may(user.role, info.right):
            return refusals.role(f"Your role {user.role} may not use {info.name}.")
        if not actor.private and info.right is not Right.LOOK:
            return refusals.group()
        return None

    async def _confirm(
        self, actor: Actor, info: CommandInfo, args: Sequence[str], token: str, word: str
    ) -> Reply | None:
        about = _fingerprint(info, args)
        if not token:
            return await self._ask(actor, info, about)
        if info.word and word != info.word:
            why = refusals.argument("WORD", f'That is not the word. Type "{info.word}".')
            return msgspec.structs.replace(
                await self._ask(actor, info, about), title=why.text, reasons=(why,)
            )
        used = await self._tokens.use(
            token,
            Purpose.CONFIRM,
            about,
            now_ns=self._clock.now_ns(),
            user_id=actor.user.id,
        )
        if used is None:
            text = "This confirmation is used, over, or for something else. Ask again."
            why = refusals.reason("E-EXPIRED", "CONFIRM", text)
            return await self._refuse(actor, info, args, why)
        return None

    async def _ask(self, actor: Actor, info: CommandInfo, about: bytes) -> Reply:
        token = await self._tokens.issue(
            actor.user.id,
            Purpose.CONFIRM,
            about,
            now_ns=self._clock.now_ns(),
            life_ns=CONFIRM_NS,
        )
        seconds = CONFIRM_NS // 10**9
        if info.word:
            title = f'Type "{info.word}" within {seconds} s to go on.'
            return Reply(title=title, need=Need.WORD, token=token, word=info.word)
        title = f"Confirm within {seconds} s to go on."
        return Reply(title=title, need=Need.CONFIRM, token=token)

    async def _refuse(
        self,
        actor: Actor,
        info: CommandInfo,
        args: Sequence[str],
        why: Reason,
        *,
        need: Need = Need.NOTHING,
    ) -> Reply:
        about = {
            "refused": why.code,
            "rule": why.rule,
            "args": [echo(arg) for arg in args[:ARGS_NOTED]],
            "channel": actor.channel,
        }
        now_ns = self._clock.now_ns()
        await self._audit.append(
            None, actor.name, "gate.refused", info.name, about, actor.trace_id, now_ns
        )
        return refusals.refused(why, need=need)


def _fingerprint(info: CommandInfo, args: Sequence[str]) -> bytes:
    return hashlib.sha256(repr((info.name, *args)).encode()).digest()
