"""Who may do what, slowly and obviously: the rules of the house as one state and one function."""

from dataclasses import dataclass, field

MINUTE = 60 * 10**9
DAY = 24 * 60 * MINUTE
SESSION = 10 * MINUTE

RIGHTS = {
    "viewer": {"look"},
    "trader": {"look", "trade"},
    "provider": {"look", "trade", "publish"},
    "leader": {"look", "trade", "lead"},
    "admin": {"look", "trade", "publish", "lead", "operate"},
    "super_admin": {"look", "trade", "publish", "lead", "operate", "govern"},
}
KINDS = {"look": "look", "trade": "trade", "users": "operate", "stop": "govern", "live": "govern"}
"""Commands by name, and the right each asks for; `stop` and `live` need a proof as well."""


@dataclass
class Person:
    role: str = "viewer"
    standing: str = "waiting"
    pin: str = ""
    has_code: bool = False
    last_step: int = 0
    failures: int = 0
    locked_until: int = 0
    session_until: int = 0
    settles: int = 0
    vouched_until: int = 0

    @property
    def rights(self) -> set[str]:
        return RIGHTS[self.role] if self.standing == "active" else set()

    @property
    def has_proof(self) -> bool:
        return bool(self.pin) or self.has_code


@dataclass
class Request:
    asker: int
    until: int
    agreed: bool = False


@dataclass
class RightsDesk:
    """Everybody by Telegram id. `apply` returns what the person is told, in one word."""

    now: int
    people: dict[int, Person] = field(default_factory=dict)
    code: tuple[str, int] = ("", 0)
    used: set[str] = field(default_factory=set)
    tokens: dict[tuple[int, str], int] = field(default_factory=dict)  # until
    requests: list[Request] = field(default_factory=list)

    def apply(self, op: tuple) -> str:
        said: str = getattr(self, op[0])(*op[1:])
        return said

    def supers(self) -> int:
        return sum("govern" in p.rights for p in self.people.values())

    # --- coming in

    def knock(self, who: int) -> str:
        self.people.setdefault(who, Person())
        return "done"

    def settings(self, who: int, role: str) -> str:
        person = self.people.setdefault(who, Person())
        if person.standing == "waiting":
            self._become(person, role, "active")
        return "done"

    def claim(self, who: int, code: str) -> str:
        good, until = self.code
        if not good or code != good or self.now >= until or code in self.used:
            return "no"
        person = self.people.setdefault(who, Person())
        self._become(person, "super_admin", "active")
        self._forget(person)
        person.vouched_until = self.now + 60 * MINUTE
        self.used.add(code)
        self.code = ("", 0)
        return "done"

    # --- changes

    def approve(self, by: int, who: int, role: str) -> str:
        me, person = self.people[by], self.people[who]
        may = "operate" in me.rights and role in ("viewer", "trader")
        if not may or person.standing != "waiting":
            return "no"
        return self._become(person, role, "active")

    def block(self, by: int, who: int) -> str:
        return self._turn(by, who, "active", "blocked", also="waiting")

    def unblock(self, by: int, who: int) -> str:
        return self._turn(by, who, "blocked", "active")

    def _turn(self, by: int, who: int, was: str, becomes: str, also: str = "") -> str:
        me, person = self.people[by], self.people[who]
        above = "operate" in RIGHTS[person.role] and me.role != "super_admin"
        if "operate" not in me.rights or by == who or above:
            return "no"
        if person.standing not in (was, also):
            return "no"
        return self._become(person, person.role, becomes)

    def set_role(self, by: int, who: int, role: str) -> str:
        me, person = self.people[by], self.people[who]
        if "govern" not in me.rights or person.standing == "waiting" or person.role == role:
            return "no"
        if by == who and self.supers() == 1:
            return "no"
        return self._become(person, role, person.standing)

    def reset(self, by: int, who: int) -> str:
        if "govern" not in self.people[by].rights or by == who:
            return "no"
        self._forget(self.people[who])
        return "done"

    def _become(self, person: Person, role: str, standing: str) -> str:
        person.role, person.standing, person.session_until = role, standing, 0
        return "done"

    def _forget(self, person: Person) -> None:
        person.pin, person.has_code, person.failures = "", False, 0
        person.locked_until = person.session_until = 0
        person.settles = person.vouched_until = 0

    # --- proofs

    def is_fresh(self, who: int) -> bool:
        return self.now < self.people[who].session_until

    def settled(self, who: int) -> bool:
        return self.now >= self.people[who].settles

    def _settle(self, person: Person, vouched: bool) -> None:
        if vouched or (not person.has_proof and person.vouched_until > self.now):
            person.settles = 0
        elif not person.has_proof:
            person.settles = self.now + DAY
        person.vouched_until = 0

    def set_pin(self, who: int, pin: str, vouched: bool) -> str:
        person = self.people[who]
        if person.has_proof and not self.is_fresh(who):
            return "no"
        self._settle(person, vouched)
        person.pin, person.session_until = pin, 0
        return "done"

    def enrol(self, who: int) -> str:
        person = self.people[who]
        if person.has_proof and not self.is_fresh(who):
            return "no"
        self._settle(person, vouched=False)
        person.has_code, person.last_step, person.session_until = True, self._step(), 0
        return "done"

    def prove_pin(self, who: int, pin: str) -> str:
        person = self.people[who]
        return self._prove(person, is_right=pin == person.pin) if person.pin else "no"

    def prove_code(self, who: int, steps: int, is_code: bool) -> str:
        person = self.people[who]
        step = self._step() + steps
        is_right = is_code and abs(steps) <= 1 and step > person.last_step
        said = self._prove(person, is_right=is_right) if person.has_code else "no"
        if said == "done":
            person.last_step = step
        return said

    def _prove(self, person: Person, *, is_right: bool) -> str:
        if person.locked_until > self.now:
            return "no"
        if is_right:
            person.failures = person.locked_until = 0
            person.session_until = self.now + SESSION
            return "done"
        person.failures += 1
        if person.failures % 5 == 0:
            wait = 15 * MINUTE * 2 ** (person.failures // 5 - 1)
            person.locked_until = self.now + min(wait, DAY)
        return "no"

    def lock(self, who: int) -> str:
        self.people[who].session_until = 0
        return "done"

    def _step(self) -> int:
        return self.now // (30 * 10**9)

    # --- commands

    def ask(self, who: int, kind: str) -> str:
        """The first time: without a token."""
        if KINDS[kind] not in self.people[who].rights:
            return "no"
        if kind not in ("stop", "live"):
            return "done"
        if not self.is_fresh(who):
            return "proof"
        if not self.settled(who):
            return "no"
        self.tokens[who, kind] = self.now + MINUTE
        return "word" if kind == "live" else "confirm"

    def go(self, who: int, kind: str, whose: int, word: bool) -> str:
        """Again, with the token that `whose` was given last, used or not."""
        said = self.ask(who, kind) if (KINDS[kind] not in self.people[who].rights) else ""
        if said or not self.is_fresh(who):
            return said or "proof"
        if not self.settled(who):
            return "no"
        if kind == "live" and not word:
            self.tokens[who, kind] = self.now + MINUTE
            return "word"
        if whose != who or self.tokens.pop((who, kind), 0) <= self.now:
            return "no"
        if kind == "stop":
            return "done"
        if not any(r.asker == who and not r.agreed and r.until > self.now for r in self.requests):
            self.requests.append(Request(who, self.now + 10 * MINUTE))
        return "second"

    def agree(self, who: int, number: int) -> str:
        request = self.requests[number]
        is_super = "govern" in self.people[who].rights
        if not is_super or not self.is_fresh(who) or request.asker == who:
            return "no"
        if "govern" not in self.people[request.asker].rights:
            return "no"
        if request.agreed or request.until <= self.now:
            return "no"
        request.agreed = True
        return "done"
