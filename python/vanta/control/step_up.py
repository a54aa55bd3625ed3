"""Step-up: a person proves PIN or code, and for a while acts that ask for it are open.

    invite ─► ticket in the private chat ─► redeem in the panel ─► set PIN or code
    prove(pin | code) ─► counted as failed ─► checked ─► session, or one failure more

What a person proves is never logged, never echoed and never part of an error.
"""

import asyncio
import hmac
import itertools
import unicodedata
from typing import Final

import argon2
import msgspec
import pyotp

from vanta.control import refusals
from vanta.domain.command import Reply
from vanta.domain.errors import ConfigError
from vanta.domain.intent import new_trace_id
from vanta.domain.ports import Clock, Envelope
from vanta.domain.roles import Right, Role, may
from vanta.domain.verdict import Reason
from vanta.store.audit import Audit
from vanta.store.credentials import Credential, Credentials
from vanta.store.one_time import OneTimeTokens, Purpose
from vanta.store.outbox import RISK, Outbox
from vanta.store.pool import Conn, Pool
from vanta.store.users import Users

HASHER: Final = argon2.PasswordHasher(time_cost=3, memory_cost=65_536, parallelism=1)
"""argon2id, 64 MiB: what a stolen table costs its thief for each guess."""

PIN_CHARS: Final = range(6, 65)
STEP_S: Final = 30
SETTLE_S: Final = 24 * 3600
TICKET_NS: Final = 5 * 60 * 10**9
PENDING_NS: Final = 10 * 60 * 10**9
ISSUER: Final = "Vanta"
FAMILY: Final = "credential"  # what a sealed code is bound to, beside its user
PURPOSE: Final = "totp"
CHECKS_AT_ONCE: Final = 2  # each takes the hasher's memory


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a proof counts, until when, or why not."""

    until_ns: int = 0
    reasons: tuple[Reason, ...] = ()

    @property
    def ok(self) -> bool:
        return not self.reasons


class Enrolment(msgspec.Struct, frozen=True, kw_only=True):
    """A code's secret, shown once to its owner; with `reasons` there is none."""

    secret: str = ""  # base32
    uri: str = ""  # otpauth://, for the QR picture
    reasons: tuple[Reason, ...] = ()

    def __repr__(self) -> str:
        return "Enrolment(***)"


class StepUp:
    """PINs, codes, sessions and the way to the panel. `envelope` None: no codes, PINs only."""

    def __init__(
        self,
        *,
        pool: Pool,
        clock: Clock,
        session_s: int,
        envelope: Envelope | None,
        settle_s: int = SETTLE_S,
        hasher: argon2.PasswordHasher = HASHER,
    ) -> None:
        self._pool = pool
        self._rows = Credentials(pool)
        self._tokens = OneTimeTokens(pool)
        self._users = Users(pool)
        self._audit = Audit(pool)
        self._outbox = Outbox(pool)
        self._clock = clock
        self._session_ns = session_s * 10**9
        self._settle_ns = settle_s * 10**9
        self._envelope = envelope
        self._hasher = hasher
        self._room = asyncio.Semaphore(CHECKS_AT_ONCE)

    # --- proving --------------------------------------------------------------------------------

    async def is_fresh(self, user_id: int) -> bool:
        """Tell whether this person's proof counts now."""
        row = await self._rows.get(user_id)
        return row is not None and row.is_fresh(self._clock.now_ns())

    async def is_set(self, user_id: int) -> bool:
        """Tell whether this person has a PIN or a code."""
        row = await self._rows.get(user_id)
        return row is not None and row.is_set

    async def settles_ns(self, user_id: int) -> int:
        """Return from when this person's proof opens what admins do; 0 = at once."""
        row = await self._rows.get(user_id)
        return 0 if row is None else row.settles_ns

    async def prove(
        self, user_id: int, *, pin: str | None = None, code: str | None = None, trace_id: str = ""
    ) -> Proof:
        """Check a PIN or a code, whichever is given.

        Counted as a failure before it is checked, so that nothing cut short is a free guess. Raises
        `SealError` or `ConfigError` when the stored secret cannot be opened.
        """
        if (pin is None) == (code is None):
            raise ValueError("one of PIN and code")
        row = await self._rows.get(user_id)
        has_it = row is not None and (row.pin_hash if pin is not None else row.totp) is not None
        if row is None or not row.is_set:
            return Proof(reasons=(refusals.no_credentials(),))
        if not has_it:
            other = "code" if pin is not None else "PIN"
            return Proof(reasons=(_step_up(f"You have set no such proof: use your {other}."),))
        now_ns = self._clock.now_ns()
        tried = await self._rows.count_try(user_id, now_ns)
        if tried is None:
            return Proof(reasons=(await self._locked(user_id, now_ns),))
        step, right = 0, False
        if pin is not None:
            right = await self._is_pin(tried, pin)
        elif code is not None:
            step = self._step_of(tried.totp, user_id, code, now_ns)
            right = step > 0
        until_ns = now_ns + self._session_ns
        trace_id = trace_id or new_trace_id()
        async with self._pool.acquire() as conn, conn.transaction():
            if right and await self._rows.begin_session(conn, tried, now_ns, until_ns, step):
                await self._note(conn, user_id, "stepup.proven", {"until_ns": until_ns}, trace_id)
                return Proof(until_ns=until_ns)
            about = {"failures": tried.failures, "locked_until_ns": tried.locked_until_ns}
            await self._note(conn, user_id, "stepup.failed", about, trace_id)
        if tried.locked_until_ns > now_ns:
            return Proof(reasons=(_locked(tried.locked_until_ns, now_ns),))
        return Proof(reasons=(_step_up("That was not right, or the code was used before."),))

    async def lock(self, user_id: int, trace_id: str = "") -> Reply:
        """End the person's session now."""
        async with self._pool.acquire() as conn, conn.transaction():
            await self._rows.end_session(conn, user_id)
            await self._note(conn, user_id, "stepup.locked", {}, trace_id or new_trace_id())
        return Reply(title="Locked. PIN or code is asked again.")

    async def _is_pin(self, tried: Credential, pin: str) -> bool:
        clean = _clean(pin)
        if tried.pin_hash is None or clean is None:
            return False
        async with self._room:
            return await asyncio.to_thread(self._verify, tried.pin_hash, clean)

    def _verify(self, pin_hash: str, pin: str) -> bool:
        try:
            return self._hasher.verify(pin_hash, pin)
        except argon2.exceptions.VerifyMismatchError:
            return False

    def _step_of(self, sealed: bytes | None, user_id: int, code: str, now_ns: int) -> int:
        """Return the time step a code belongs to; 0 when to none of the three around now."""
        digits = code.replace(" ", "")
        if sealed is None or not (digits.isascii() and digits.isdigit() and len(digits) == 6):
            return 0
        totp = pyotp.TOTP(self._open(sealed, user_id))
        now = now_ns // 10**9 // STEP_S
        found = 0
        for step in (now - 1, now, now + 1):
            if hmac.compare_digest(totp.at(step * STEP_S), digits):
                found = step
        return found

    async def _locked(self, user_id: int, now_ns: int) -> Reason:
        row = await self._rows.get(user_id)
        return _locked(0 if row is None else row.locked_until_ns, now_ns)

    # --- setting --------------------------------------------------------------------------------

    async def set_pin(
        self, user_id: int, pin: str, trace_id: str = "", *, vouched: bool = False
    ) -> Reply:
        """Set the first PIN, or another one with a fresh proof of the old. Ends the session.

        A first one that the machine did not vouch for opens what admins do only after a wait: who
        took over a chat would set one too.
        """
        clean = _clean(pin)
        if clean is None or _is_easy(clean):
            text = f"A PIN has {PIN_CHARS[0]} to {PIN_CHARS[-1]} signs and is no simple row."
            return refusals.refused(refusals.argument("PIN", text))
        row = await self._rows.get(user_id)
        if row is not None and row.is_set and not row.is_fresh(self._clock.now_ns()):
            return refusals.refused(refusals.stale_proof())  # not worth the hasher's memory
        async with self._room:
            pin_hash = await asyncio.to_thread(self._hasher.hash, clean)
        async with self._pool.acquire() as conn, conn.transaction():
            now_ns = self._clock.now_ns()
            new_ns = self._settled_ns(now_ns, vouched)
            settles_ns = await self._rows.set_pin(conn, user_id, pin_hash, now_ns, new_ns)
            if settles_ns is None:
                return refusals.refused(refusals.stale_proof())
            await self._tell_of_first(conn, user_id, settles_ns, now_ns)
            await self._note(conn, user_id, "stepup.pin_set", {}, trace_id or new_trace_id())
        return Reply(title="Your PIN is set. Enter it to open what needs it.")

    async def begin_totp(self, user_id: int) -> Enrolment:
        """Make a code's secret; it counts once `confirm_totp` has seen a code of it."""
        if self._envelope is None:
            text = "Codes need a master key (`vanta key new`). A PIN works without."
            return Enrolment(reasons=(_step_up(text),))
        secret = pyotp.random_base32()
        sealed = self._envelope.seal(
            secret.encode(), subject=_subject(user_id), family=FAMILY, purpose=PURPOSE
        )
        now_ns = self._clock.now_ns()
        if not await self._rows.set_pending(user_id, sealed, now_ns, now_ns + PENDING_NS):
            return Enrolment(reasons=(refusals.stale_proof(),))
        uri = pyotp.TOTP(secret).provisioning_uri(name=f"user {user_id}", issuer_name=ISSUER)
        return Enrolment(secret=secret, uri=uri)

    async def confirm_totp(
        self, user_id: int, code: str, trace_id: str = "", *, vouched: bool = False
    ) -> Reply:
        """Let the new secret count, shown by a code of it. Ends the session; waits as a PIN."""
        now_ns = self._clock.now_ns()
        row = await self._rows.get(user_id)
        sealed = None if row is None else row.totp_pending
        step = self._step_of(sealed, user_id, code, now_ns)
        if sealed is None or step == 0:
            text = "That is no code of the new secret. Look at the clock of your device."
            return refusals.refused(refusals.argument("CODE", text))
        async with self._pool.acquire() as conn, conn.transaction():
            new_ns = self._settled_ns(now_ns, vouched)
            settles_ns = await self._rows.confirm_pending(
                conn, user_id, now_ns, step, sealed, new_ns
            )
            if settles_ns is None:
                return refusals.refused(refusals.stale_proof())
            await self._tell_of_first(conn, user_id, settles_ns, now_ns)
            await self._note(conn, user_id, "stepup.code_set", {}, trace_id or new_trace_id())
        return Reply(title="Your code is set. The next one opens what needs it.")

    def _settled_ns(self, now_ns: int, vouched: bool) -> int:
        return 0 if vouched or not self._settle_ns else now_ns + self._settle_ns

    async def _tell_of_first(self, conn: Conn, user_id: int, settles_ns: int, now_ns: int) -> None:
        """Tell super admins, the person among them, of a first proof that waits."""
        if settles_ns != now_ns + self._settle_ns or not self._settle_ns:
            return
        user = await self._users.get(user_id, conn)
        if not may(user.role, Right.OPERATE):
            return
        await self._outbox.put_to_roles(
            conn,
            f"stepup.first:{user_id}:{settles_ns}",
            (Role.SUPER_ADMIN,),
            "stepup.first",
            RISK,
            {"user_id": user_id, "name": user.name, "expires_ns": settles_ns},
            now_ns,
        )

    def _open(self, sealed: bytes, user_id: int) -> str:
        if self._envelope is None:
            raise ConfigError("a sealed code is stored, but there is no master key to open it")
        return self._envelope.unseal(
            sealed, subject=_subject(user_id), family=FAMILY, purpose=PURPOSE
        ).decode()

    # --- the panel ------------------------------------------------------------------------------

    async def invite(self, user_id: int) -> str:
        """Return a one-time ticket to this person's panel; an earlier one ends."""
        return await self._tokens.issue(
            user_id, Purpose.PANEL, b"", now_ns=self._clock.now_ns(), life_ns=TICKET_NS
        )

    async def redeem(self, ticket: str) -> int | None:
        """Use a ticket and return whose panel it opens; None when it is used, over or nobody's."""
        return await self._tokens.use(ticket, Purpose.PANEL, b"", now_ns=self._clock.now_ns())

    async def _note(
        self, conn: Conn, user_id: int, action: str, about: dict[str, int], trace_id: str
    ) -> None:
        name = f"user:{user_id}"
        await self._audit.append(conn, name, action, name, about, trace_id, self._clock.now_ns())


def _subject(user_id: int) -> bytes:
    return user_id.to_bytes(8, "big")


def _step_up(text: str) -> Reason:
    return refusals.reason("E-STEPUP", "STEP_UP", text)


def _locked(until_ns: int, now_ns: int) -> Reason:
    minutes = max(1, -(-(until_ns - now_ns) // (60 * 10**9)))
    return Reason(
        code="E-STEPUP",
        rule="LOCKED_OUT",
        text=f"Too many wrong tries. Next one in {minutes} min.",
        resets_at_ns=until_ns,
    )


def _clean(pin: str) -> str | None:
    """Return the PIN as it is hashed; None for what no PIN can be."""
    clean = unicodedata.normalize("NFKC", pin)
    return clean if len(clean) in PIN_CHARS and clean.isprintable() else None


def _is_easy(pin: str) -> bool:
    steps = {ord(b) - ord(a) for a, b in itertools.pairwise(pin)}
    return len(set(pin)) < 3 or steps in ({1}, {-1})
