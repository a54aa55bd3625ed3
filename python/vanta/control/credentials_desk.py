"""PIN and code over HTTP: the step-up desk's answers as replies.

What is typed goes in as an argument and nowhere else: no reply, log line or error repeats it.
"""

from vanta.control.refusals import refused, unreadable
from vanta.control.step_up import Proof, StepUp
from vanta.domain import exact
from vanta.domain.command import Reply
from vanta.domain.errors import SealError


class CredentialsDesk:
    """Proves and sets; every answer is a `Reply`."""

    def __init__(self, step_up: StepUp) -> None:
        self._step_up = step_up

    async def prove(
        self, user_id: int, *, pin: str | None = None, code: str | None = None, trace_id: str = ""
    ) -> Reply:
        """Check a PIN or a code."""
        try:
            proof = await self._step_up.prove(user_id, pin=pin, code=code, trace_id=trace_id)
        except SealError:  # counted and told by the envelope
            return refused(unreadable())
        return _proved(proof)

    async def set_pin(
        self,
        user_id: int,
        pin: str,
        *,
        old: str | None = None,
        trace_id: str = "",
        vouched: bool = False,
    ) -> Reply:
        """Set the first PIN, or another one: then `old` or a proof that counts is needed.

        `vouched`: whoever sends it holds the machine, so that nothing has to wait.
        """
        if old is not None:
            proof = await self._step_up.prove(user_id, pin=old, trace_id=trace_id)
            if not proof.ok:
                return _proved(proof)
        return await self._step_up.set_pin(user_id, pin, trace_id, vouched=vouched)

    async def begin_code(self, user_id: int) -> Reply:
        """Make the secret of a code; the reply shows it once."""
        made = await self._step_up.begin_totp(user_id)
        if made.reasons:
            return refused(made.reasons[0])
        return Reply(
            title="Put this secret into your authenticator, then send a code of it.",
            data={"secret": made.secret, "uri": made.uri},
        )

    async def confirm_code(
        self, user_id: int, code: str, *, trace_id: str = "", vouched: bool = False
    ) -> Reply:
        """Let the new secret count."""
        try:
            return await self._step_up.confirm_totp(user_id, code, trace_id, vouched=vouched)
        except SealError:
            return refused(unreadable())


def _proved(proof: Proof) -> Reply:
    if not proof.ok:
        return refused(proof.reasons[0])
    until = exact.iso(proof.until_ns) or ""
    return Reply(title=f"Proved until {until[11:16]} UTC.", data={"until": until})
