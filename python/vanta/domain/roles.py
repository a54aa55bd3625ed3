"""Roles and rights: who may do what. A right that no role names is nobody's."""

from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """From the least to the most; provider and leader stand side by side."""

    VIEWER = "viewer"
    TRADER = "trader"
    PROVIDER = "provider"
    LEADER = "leader"
    ADMIN = "admin"
    SUPER_ADMIN = "super_admin"


class Right(StrEnum):
    """What a command may ask for."""

    LOOK = "look"
    TRADE = "trade"
    PUBLISH = "publish"  # signals of one's own
    LEAD = "lead"  # trades that others copy
    OPERATE = "operate"  # users, health, rates, DRY
    GOVERN = "govern"  # LIVE, stops, ceilings, roles


class Standing(StrEnum):
    """Whether a person may come in at all. Only ACTIVE has any right."""

    WAITING = "waiting"
    ACTIVE = "active"
    BLOCKED = "blocked"


_BY_NAME: Final = {role.value: role for role in Role}
_TRADER: Final = frozenset({Right.LOOK, Right.TRADE})
_ADMIN: Final = _TRADER | {Right.PUBLISH, Right.LEAD, Right.OPERATE}
_RIGHTS: Final[dict[Role, frozenset[Right]]] = {
    Role.VIEWER: frozenset({Right.LOOK}),
    Role.TRADER: _TRADER,
    Role.PROVIDER: _TRADER | {Right.PUBLISH},
    Role.LEADER: _TRADER | {Right.LEAD},
    Role.ADMIN: _ADMIN,
    Role.SUPER_ADMIN: _ADMIN | {Right.GOVERN},
}

APPROVABLE: Final = (Role.VIEWER, Role.TRADER)
"""What a newcomer may be let in as; everything above is a role that a super admin gives."""


def role_of(text: str) -> Role | None:
    """Return the role of that name; None for every other text."""
    return _BY_NAME.get(text)


def may(role: str, right: Right) -> bool:
    """Tell whether a role has a right; an unknown role has none."""
    known = role_of(role)
    return known is not None and right in _RIGHTS[known]


def permits(role: str, standing: str, right: Right) -> bool:
    """Tell whether a person of this role and standing has a right: only who is active has any."""
    return standing == Standing.ACTIVE and may(role, right)


def is_below_admin(role: str) -> bool:
    """Tell whether an admin may block who has this role."""
    return not may(role, Right.OPERATE)
