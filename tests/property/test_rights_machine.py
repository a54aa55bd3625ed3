"""Rights over a life of the desk: people come, prove, raise and block each other, also two at once.

Whatever they do, nobody holds or uses a right that no holder of it gave him, there is always a
super admin once there was one, and nothing dangerous runs without a fresh proof of that person. The
roots of all rights are the owner code and the ids in the settings.
"""

import asyncio
import copy
import shutil
import tempfile
from pathlib import Path
from typing import Any, ClassVar

import asyncpg
import pyotp
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tests.conftest import TEMPLATE, Servers
from tests.fakes.clock import ManualClock
from tests.fakes.rights import RightsWorld, actor
from tests.oracles.rights import DAY, KINDS, MINUTE, RIGHTS, SESSION, RightsDesk
from vanta.app import operators
from vanta.control.approvals import Agreed
from vanta.domain.command import CommandInfo, Need, Reply
from vanta.domain.policy import User
from vanta.domain.roles import Right, Role
from vanta.store import owner_file
from vanta.store.pool import open_pool

PEOPLE = (1, 2, 3, 4)
PINS = ("q7-lamp", "w8-door")
MAX_WRONG = 4  # codes that were not valid, below what makes somebody wait

BETWEEN_TWO = ("approve", "block", "unblock", "set_role", "reset")

INFOS = {
    kind: CommandInfo(
        name=kind,
        usage="",
        summary="",
        group="",
        right=Right(right),
        step_up=right == "govern",
        confirm=kind == "stop",
        word="LIVE" if kind == "live" else "",
        second_person=kind == "live",
    )
    for kind, right in KINDS.items()
}

who = st.one_of(st.sampled_from(PEOPLE), st.integers(-3, -1))
"""A person; a negative number is one of the super admins of that moment."""
roles = st.sampled_from([*Role, Role.SUPER_ADMIN, Role.ADMIN])
changes = st.one_of(
    st.tuples(st.just("approve"), who, who, st.sampled_from(["viewer", "trader", "admin"])),
    st.tuples(st.just("block"), who, who),
    st.tuples(st.just("unblock"), who, who),
    st.tuples(st.just("set_role"), who, who, roles),
    st.tuples(st.just("reset"), who, who),
)
twice = st.one_of(
    changes,
    st.tuples(st.just("claim"), who, st.just("right")),
    st.tuples(st.just("agree"), who, st.integers(0, 3)),
    st.tuples(st.just("go"), who, st.just("stop"), who, st.just(True)),
)


class RightsLife(RuleBasedStateMachine):
    """Four people, one desk, one clock."""

    servers: ClassVar[Servers]
    count: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        RightsLife.count += 1
        self.database = f"rights_{RightsLife.count}"
        self.loop = asyncio.new_event_loop()
        self.home = Path(tempfile.mkdtemp(prefix="vanta-test-"))
        self.clock = ManualClock()
        self.wait(self._sql(f"CREATE DATABASE {self.database} TEMPLATE {TEMPLATE}"))
        opening = open_pool(self.servers.dsn(self.database), min_size=2, max_size=4)
        self.pool = self.wait(opening)
        self.world = RightsWorld(self.pool, self.clock, self.home, two_person=True)
        self.desk = RightsDesk(now=self.clock.now_ns())
        self.users: dict[int, User] = {}  # as they were met: the way in knows old roles
        self.held: dict[int, set[str]] = {}
        self.codes: list[tuple[str, bytes]] = [("never", b"")]
        self.wrong = dict.fromkeys(PEOPLE, 0)
        self.tokens: dict[tuple[int, str], str] = {}
        self.totps: dict[int, pyotp.TOTP] = {}
        self.requests: list[int] = []
        self.askers: dict[int, int] = {}  # whose wish somebody agreed to last
        self.proven: dict[int, int] = {}
        self.had_super = False

    def teardown(self) -> None:
        self.wait(self.pool.close())
        self.wait(self._sql(f"DROP DATABASE {self.database} WITH (FORCE)"))
        self.loop.close()
        shutil.rmtree(self.home)

    def wait(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    async def _sql(self, sql: str) -> None:
        conn = await asyncpg.connect(self.servers.postgres_dsn)
        await conn.execute(sql)
        await conn.close()

    # --- one act, for real ----------------------------------------------------------------------

    async def real(self, op: tuple) -> str:
        name, *given = op
        said = await getattr(self, f"_{name}")(*given)
        return said if isinstance(said, str) else self._word(said)

    def _word(self, reply: Reply | None) -> str:
        if reply is None or reply.done:
            return "done"
        if reply.need is Need.STEP_UP:
            return "proof"
        if reply.need is Need.SECOND_PERSON:
            return "second"
        return {Need.WORD: "word", Need.CONFIRM: "confirm"}.get(reply.need, "no")

    async def _knock(self, tid: int) -> str:
        await self.world.people.knock(tid, f"P{tid}")
        return "done"

    async def _settings(self, tid: int, role: str) -> str:
        given = {"admins": [], "super_admins": [], f"{role}s": [tid]}
        await operators.admit(self.pool, self.clock, **given)
        return "done"

    async def _claim(self, tid: int, code: str) -> Any:
        return await self.world.people.claim_owner(tid, f"P{tid}", code)

    async def _approve(self, by: int, tid: int, role: str) -> Any:
        return await self.world.people.approve(actor(self.users[by]), self.users[tid].id, role)

    async def _block(self, by: int, tid: int) -> Any:
        return await self.world.people.block(actor(self.users[by]), self.users[tid].id)

    async def _unblock(self, by: int, tid: int) -> Any:
        return await self.world.people.unblock(actor(self.users[by]), self.users[tid].id)

    async def _set_role(self, by: int, tid: int, role: str) -> Any:
        return await self.world.people.set_role(actor(self.users[by]), self.users[tid].id, role)

    async def _reset(self, by: int, tid: int) -> Any:
        return await self.world.people.reset_step_up(actor(self.users[by]), self.users[tid].id)

    async def _set_pin(self, tid: int, pin: str, vouched: bool) -> Any:
        return await self.world.step_up.set_pin(self.users[tid].id, pin, vouched=vouched)

    async def _enrol(self, tid: int) -> Any:
        user_id = self.users[tid].id
        enrolment = await self.world.step_up.begin_totp(user_id)
        if enrolment.reasons:
            return "no"
        totp = self.totps[tid] = pyotp.TOTP(enrolment.secret)
        return await self.world.step_up.confirm_totp(user_id, self.world.code(totp))

    async def _prove_pin(self, tid: int, pin: str) -> str:
        proof = await self.world.step_up.prove(self.users[tid].id, pin=pin)
        return "done" if proof.ok else "no"

    async def _prove_code(self, tid: int, steps: int, is_code: bool) -> str:
        code = self.world.code(self.totps[tid], steps) if tid in self.totps else "000000"
        if not is_code:
            code = code[:-1] + str((int(code[-1]) + 5) % 10)
        proof = await self.world.step_up.prove(self.users[tid].id, code=code)
        return "done" if proof.ok else "no"

    async def _lock(self, tid: int) -> Any:
        return await self.world.step_up.lock(self.users[tid].id)

    async def _ask(self, tid: int, kind: str) -> Any:
        return self._kept(tid, kind, await self._admit(tid, kind, "", ""))

    async def _go(self, tid: int, kind: str, whose: int, word: bool) -> Any:
        token = self.tokens.get((whose, kind), "none")
        reply = await self._admit(tid, kind, token, "LIVE" if word else "live")
        return self._kept(tid, kind, reply)

    async def _admit(self, tid: int, kind: str, token: str, word: str) -> Reply | None:
        return await self.world.gate.admit(actor(self.users[tid]), INFOS[kind], (), token, word)

    def _kept(self, tid: int, kind: str, reply: Reply | None) -> Reply | None:
        if reply is not None and reply.token:
            self.tokens[tid, kind] = reply.token
        if reply is not None and reply.need is Need.SECOND_PERSON:
            number = reply.data["approval"]
            if number not in self.requests:
                self.requests.append(number)
        return reply

    async def _agree(self, tid: int, number: int) -> str:
        said = await self.world.approvals.agree(
            actor(self.users[tid]), self.requests[number], lambda name: INFOS[name].right
        )
        if not isinstance(said, Agreed):
            return "no"
        assert said.asker.telegram_id is not None
        self.askers[tid] = said.asker.telegram_id
        return "done"

    # --- acts beside the slow desk --------------------------------------------------------------

    def act(self, op: tuple) -> None:
        """Do it for real and on the slow desk; both say and leave the same."""
        if (known := self._made(op)) is None:
            return
        said = self.wait(self.real(known))
        assert said == self.desk.apply(known), known
        self._used(known, said)
        self._look([known] if said == "done" else [])

    def act_both(self, one: tuple, two: tuple) -> None:
        """Do two at once: it is as if one had come after the other."""
        ops = [known for op in (one, two) if (known := self._made(op)) is not None]
        if len(ops) < 2:
            return

        async def at_once() -> list[str]:
            return await asyncio.gather(*(self.real(op) for op in ops))

        said = self.wait(at_once())
        rows = self._rows()
        for order in (ops, ops[::-1]):
            desk = copy.deepcopy(self.desk)
            told = {id(op): desk.apply(op) for op in order}
            fits = [
                (a == "done") == (told[id(op)] == "done") for a, op in zip(said, ops, strict=True)
            ]
            if all(fits) and rows == _state(desk):
                self.desk = desk
                break
        else:
            raise AssertionError(f"{ops} said {said}, left {rows}: no order of the two explains it")
        for op, word in zip(ops, said, strict=True):
            self._used(op, word)
        self._look([op for op, word in zip(ops, said, strict=True) if word == "done"])

    def _made(self, op: tuple) -> tuple | None:
        """Fill in what is only known now; None for what cannot be tried."""
        name, *given = op
        given = [self._person(tid) if _is_person(name, n) else tid for n, tid in enumerate(given)]
        op = (name, *given)
        if name == "claim":
            code = self.codes[-1][0] if given[1] == "right" else "wrong"
            return ("claim", given[0], code) if self.wrong[given[0]] < MAX_WRONG else None
        if name == "agree":
            if not self.requests or given[0] not in self.users:
                return None
            return "agree", given[0], given[1] % len(self.requests)
        people = given[:2] if name in BETWEEN_TWO else given[:1]
        if name not in ("knock", "settings") and any(tid not in self.users for tid in people):
            return None
        return op

    def _person(self, tid: int) -> int:
        supers = [t for t, rights in sorted(self.held.items()) if "govern" in rights]
        if tid > 0 or not supers:
            return abs(tid)
        return supers[tid % len(supers)]

    def _used(self, op: tuple, said: str) -> None:
        """Check what was exercised, on grounds that know nothing of the slow desk."""
        name, tid = op[0], op[1]
        if name == "claim" and said != "done":
            self.wrong[tid] += 1
        if name in ("prove_pin", "prove_code") and said == "done":
            self.proven[tid] = self.clock.now_ns()
        right = KINDS[op[2]] if name in ("ask", "go") else "govern" if name == "agree" else ""
        if said == "done" and right:
            assert right in self.held[tid], f"{op}: a right that {tid} does not hold"
            if right == "govern":
                age = self.clock.now_ns() - self.proven.get(tid, -SESSION)
                assert age < SESSION, f"{op}: without a fresh proof"
        if said == "done" and name == "agree":
            asker = self.askers[tid]
            assert asker != tid
            assert "govern" in self.held[asker], f"{op}: the wish of {asker}, who may not"

    def _rows(self) -> dict[int, tuple[str, str]]:
        rows = self.wait(self.world.users.all())
        for user in rows:
            self.users.setdefault(user.telegram_id, user)
        return {user.telegram_id: (user.role, user.standing) for user in rows}

    def _look(self, done: list[tuple]) -> None:
        """Whoever gained a right got it from a root, or from another one who had it."""
        rows = self._rows()
        now = {
            tid: RIGHTS[role] if standing == "active" else set()
            for tid, (role, standing) in rows.items()
        }
        for tid, rights in now.items():
            gained = rights - self.held.get(tid, set())
            if not gained:
                continue
            givers = set()
            for op in done:
                if op[0] in ("claim", "settings") and op[1] == tid:
                    break
                if op[0] in ("approve", "unblock", "set_role") and op[2] == tid and op[1] != tid:
                    givers |= self.held[op[1]]
            else:
                assert gained <= givers, f"{done}: {tid} gained {gained} from nobody"
        self.held = now

    # --- rules ----------------------------------------------------------------------------------

    @initialize(
        owner=st.sampled_from(PEOPLE),
        by_settings=st.booleans(),
        others=st.lists(st.tuples(st.sampled_from(PEOPLE), roles), max_size=3),
    )
    def begin(self, owner: int, by_settings: bool, others: list[tuple[int, str]]) -> None:
        if by_settings:
            self.act(("settings", owner, "super_admin"))
        else:
            self.print_code()
            self.act(("claim", owner, "right"))
        for other, role in others:
            self.act(("knock", other))
            self.act(("approve", owner, other, "viewer"))
            self.act(("set_role", owner, other, role))
        for tid in self.users:
            self.act(("set_pin", tid, PINS[0], True))
            self.act(("prove_pin", tid, PINS[0]))

    @rule()
    def print_code(self) -> None:
        code = self.world.owner_code()
        path = self.home / owner_file.FILE_NAME
        self.codes.append((code, path.read_bytes()))
        self.desk.code = (code, self.desk.now + DAY)

    @rule()
    def restore_the_file(self) -> None:
        code, raw = self.codes[-1]
        if raw:
            (self.home / owner_file.FILE_NAME).write_bytes(raw)
            issued = owner_file.LIFE_NS
            until = int(raw.split(b'"expires_ns":')[1].rstrip(b"}"))
            assert issued == DAY
            self.desk.code = (code, until)

    @rule(tid=who, right=st.booleans())
    def claim(self, tid: int, right: bool) -> None:
        self.act(("claim", tid, "right" if right else "wrong"))

    @rule(tid=who)
    def knock(self, tid: int) -> None:
        self.act(("knock", tid))

    @rule(tid=who, role=st.sampled_from(["admin", "super_admin"]))
    def restart_with_settings(self, tid: int, role: str) -> None:
        self.act(("settings", tid, role))

    @rule(op=changes)
    def change(self, op: tuple) -> None:
        self.act(op)

    @rule(one=twice, two=twice)
    def change_at_once(self, one: tuple, two: tuple) -> None:
        self.act_both(one, two)

    @rule(one=who, two=who, role=roles)
    def raise_each_other(self, one: int, two: int, role: str) -> None:
        self.act_both(("set_role", one, two, role), ("set_role", two, one, role))

    @rule(tid=who, pin=st.sampled_from(PINS), vouched=st.booleans())
    def set_pin(self, tid: int, pin: str, vouched: bool) -> None:
        self.act(("set_pin", tid, pin, vouched))

    @rule(tid=who)
    def enrol(self, tid: int) -> None:
        self.act(("enrol", tid))

    @rule(tid=who, pin=st.sampled_from(PINS), times=st.sampled_from([1, 1, 1, 5]))
    def prove_pin(self, tid: int, pin: str, times: int) -> None:
        for _ in range(times):
            self.act(("prove_pin", tid, pin))

    @rule(tid=who, steps=st.integers(-2, 2), is_code=st.booleans())
    def prove_code(self, tid: int, steps: int, is_code: bool) -> None:
        self.act(("prove_code", tid, steps, is_code))

    @rule(tid=who, steps=st.integers(-1, 1))
    def use_a_code_twice(self, tid: int, steps: int) -> None:
        self.act(("prove_pin", tid, PINS[0]))
        self.act(("enrol", tid))
        self.time_passes(MINUTE)
        for _ in range(2):
            self.act(("prove_code", tid, steps, True))

    @rule(tid=who)
    def lock(self, tid: int) -> None:
        self.act(("lock", tid))

    @rule(tid=who, kind=st.sampled_from([*KINDS]))
    def ask(self, tid: int, kind: str) -> None:
        self.act(("ask", tid, kind))

    @rule(tid=who, kind=st.sampled_from(["stop", "live"]), whose=who, word=st.booleans())
    def confirm(self, tid: int, kind: str, whose: int, word: bool) -> None:
        self.act(("go", tid, kind, whose, word))

    @rule(tid=who, kind=st.sampled_from(["stop", "live"]), pin=st.sampled_from(PINS))
    def prove_ask_and_confirm(self, tid: int, kind: str, pin: str) -> None:
        tid = self._person(tid)
        self.act(("prove_pin", tid, pin))
        self.act(("ask", tid, kind))
        self.act(("go", tid, kind, tid, True))

    @rule(tid=who, number=st.integers(0, 3))
    def agree(self, tid: int, number: int) -> None:
        self.act(("agree", tid, number))

    @rule(
        one=who,
        two=st.sampled_from(PEOPLE),
        between=changes,
        span=st.sampled_from([0, 0, 0, MINUTE, SESSION]),
    )
    def ask_and_agree(self, one: int, two: int, between: tuple, span: int) -> None:
        one = self._person(one)
        self.act(("knock", two))
        self.act(("approve", one, two, "viewer"))
        self.act(("set_role", one, two, "super_admin"))
        for tid in (one, two):
            self.act(("set_pin", tid, PINS[0], True))  # for who lost it
        self.prove_ask_and_confirm(one, "live", PINS[0])
        if span:
            self.act(between)
            self.time_passes(span)
        self.act(("prove_pin", two, PINS[0]))
        newest = len(self.requests) - 1
        self.act_both(("agree", two, newest), ("agree", -1, newest))

    @rule(span=st.sampled_from([1, 30 * 10**9, MINUTE, SESSION - 1, SESSION, 15 * MINUTE, DAY]))
    def time_passes(self, span: int) -> None:
        self.clock.advance(span)
        self.desk.now += span

    # --- always ---------------------------------------------------------------------------------

    @invariant()
    def both_desks_agree(self) -> None:
        assert self._rows() == _state(self.desk)

    @invariant()
    def there_is_a_super_admin(self) -> None:
        supers = self.wait(self.world.users.other_super_admins(0))
        self.had_super = self.had_super or supers > 0
        assert supers > 0 or not self.had_super


def _is_person(name: str, place: int) -> bool:
    """Tell which words of an act name people."""
    if name == "go":
        return place in (0, 2)
    return place == 0 or (place == 1 and name in BETWEEN_TWO)


def _state(desk: RightsDesk) -> dict[int, tuple[str, str]]:
    return {tid: (person.role, person.standing) for tid, person in desk.people.items()}


def test_no_right_comes_from_nowhere(servers: Servers) -> None:
    RightsLife.servers = servers
    run_state_machine_as_test(
        RightsLife,
        settings=settings(
            max_examples=25,
            stateful_step_count=30,
            deadline=None,
            # Making an example smaller takes a database for each try: minutes, for little.
            phases=(Phase.explicit, Phase.reuse, Phase.generate),
            suppress_health_check=list(HealthCheck),
        ),
    )
