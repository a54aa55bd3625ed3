"""Words of the gate's and the people desk's refusals: one function a situation."""

from vanta.domain import exact
from vanta.domain.command import Need, Reply
from vanta.domain.policy import User
from vanta.domain.roles import Standing
from vanta.domain.verdict import Reason

NO_PANEL = "`vanta security pin` on the desk's own machine, or /security in our private chat."


def reason(code: str, rule: str, text: str) -> Reason:
    """Return a reason without numbers."""
    return Reason(code=code, rule=rule, text=text)


def refused(why: Reason, *, need: Need = Need.NOTHING, lines: tuple[str, ...] = ()) -> Reply:
    """Return the reply to a command that does not go on."""
    return Reply(title=why.text, reasons=(why,), need=need, lines=lines)


def not_active(user: User) -> Reason:
    """Say why somebody may do nothing."""
    if user.standing == Standing.BLOCKED:
        return reason("E-ROLE", "STANDING", "An admin has blocked you.")
    return reason("E-ROLE", "STANDING", "You wait to be admitted. An admin has to approve you.")


def role(what: str) -> Reason:
    """Say who may do a thing."""
    return reason("E-ROLE", "ROLE", what)


def group() -> Reason:
    return reason("E-GROUP", "GROUP", "This works in our private chat only.")


def stale_proof() -> Reason:
    return reason("E-STEPUP", "STEP_UP", "Enter your PIN or code in the secure panel, then again.")


def unreadable() -> Reason:
    """Say that what is stored of a code does not open: it was changed, or its key is missing."""
    text = "Your stored code cannot be read; the operator sees it. Use your PIN, or set a new code."
    return reason("E-STEPUP", "STEP_UP", text)


def no_credentials() -> Reason:
    return reason("E-STEPUP", "STEP_UP_SETUP", f"Set a PIN first: {NO_PANEL}")


def too_new(settles_ns: int) -> Reason:
    """Say from when a first PIN or code opens what admins do."""
    at = (exact.iso(settles_ns) or "")[:16].replace("T", " ")
    text = (
        f"Your first PIN or code opens this from {at} UTC. At once: set it anew on the desk's own "
        "machine (`vanta security pin`, with --user ID), or after a new owner code (`vanta init`)."
    )
    return Reason(code="E-STEPUP", rule="FIRST_PROOF", text=text, resets_at_ns=settles_ns)


def argument(rule: str, text: str) -> Reason:
    return reason("E-ARG", rule, text)
