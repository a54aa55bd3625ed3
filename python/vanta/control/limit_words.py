"""Words of the limits office: what changed, what waits, what is above the ceiling."""

from vanta.control import refusals
from vanta.domain import exact
from vanta.domain.command import Reply
from vanta.domain.limits import Limit, Value
from vanta.domain.policy import UserBreaker
from vanta.domain.verdict import Reason
from vanta.store.ceilings import PendingLimit


def changed(limit: Limit, old: str, new: str, waited: str | None, whose: str) -> Reply:
    """Say what is in force from now; `waited` is a looser one that was taken back."""
    title = f"{limit.title} stays {new}." if old == new else f"{limit.title}: {new}, was {old}."
    lines = [f"In force now: {whose}."]
    if limit.is_floor:
        lines.append("Positions that are open keep the line they were opened with.")
    if waited is not None:
        lines.append(f"The wait for {waited} is over; it is taken back.")
    data = {"key": limit.key, "old": old, "new": new, "whose": whose, "taken_back": waited}
    return Reply(title=title, lines=tuple(lines), data=data)


def waits(title: str, old: str, new: str, pending: PendingLimit) -> Reply:
    """Say when a looser limit comes into force."""
    due = exact.iso(pending.due_ns)
    return Reply(
        title=f"{title}: {new} from {_clock(pending.due_ns)}, {old} until then.",
        lines=("A looser limit waits. Setting a tighter one takes it back.",),
        data={"key": pending.key, "old": old, "new": new, "due_at": due},
    )


def above_ceiling(limit: Limit, value: Value, most: Value, asked: str, ceiling: str) -> Reply:
    """Refuse what is beyond the ceiling (of the liquidation buffer: under the floor)."""
    beyond = "under the floor" if limit.is_floor else "above the ceiling"
    number = isinstance(value, int) and isinstance(most, int)
    return refusals.refused(
        Reason(
            code=limit.code,
            rule="CEILING",
            text=f"{limit.title} {asked} is {beyond} of {ceiling}. Nothing was changed.",
            value=value if isinstance(value, int) else 0,
            limit=most if isinstance(most, int) else 0,
            unit=limit.unit if number else "none",
        )
    )


def breaker(found: UserBreaker | None, now_ns: int) -> Reply:
    """Say whether new positions are paused, why, and until when."""
    if found is None:
        return Reply(title="Your breaker is closed: new positions are open.", data={"open": False})
    why = "by you" if not found.losses else f"{found.losses} losses in a row of {found.limit}"
    minutes = -(-(found.until_ns - now_ns) // (60 * 10**9))
    return Reply(
        title=f"New positions are paused until {_clock(found.until_ns)} ({minutes} min): {why}.",
        lines=("Closing works.",),
        data={
            "open": True,
            "until": exact.iso(found.until_ns),
            "losses": found.losses,
            "limit": found.limit,
        },
    )


def _clock(at_ns: int) -> str:
    at = exact.iso(at_ns) or ""
    return f"{at[:10]} {at[11:16]} UTC"
