"""Commands without an office behind them: a gate that asks, and a note of what was done."""

from collections.abc import Sequence

from vanta.domain.command import Actor, CommandInfo, Need, Reply, Table
from vanta.domain.roles import Right, may
from vanta.domain.verdict import Reason


def info(name: str, right: Right, **fields: object) -> CommandInfo:
    return CommandInfo(
        name=name,
        usage="[words]",
        summary=f"What {name} does",
        group="Admin",
        right=right,
        **fields,  # type: ignore[arg-type]
    )


INFOS = (
    info("limits", Right.LOOK, menu=True),
    info("security", Right.LOOK),
    info("users", Right.OPERATE, menu=True),
    info("approve", Right.OPERATE),
    info("note", Right.OPERATE),
    info("emergency_stop", Right.GOVERN, confirm=True, menu=True),
    info("execution_mode", Right.GOVERN, word="LIVE"),
    info("set_limit", Right.GOVERN, step_up=True),
    info("emergency_resume", Right.GOVERN, confirm=True, second_person=True),
    info("agree", Right.GOVERN),
)


class FakeCommands:
    """`done` has what acted: (user id, name, words). `fresh` are users with a step-up."""

    def __init__(self) -> None:
        self.done: list[tuple[int, str, tuple[str, ...]]] = []
        self.asked: list[Actor] = []
        self.fresh: set[int] = set()
        self._tokens: dict[str, tuple[int, str, tuple[str, ...]]] = {}

    def listing(self, role: str) -> Sequence[CommandInfo]:
        return [found for found in INFOS if may(role, found.right)]

    async def run(
        self, actor: Actor, name: str, args: Sequence[str], *, token: str = "", word: str = ""
    ) -> Reply:
        self.asked.append(actor)
        found = next(c for c in INFOS if c.name == name)
        wish = (actor.user.id, name, tuple(args))
        if not may(actor.user.role, found.right):
            return _refused("E-ROLE", "Only admins.")
        if not actor.private and found.right is not Right.LOOK:
            return _refused("E-GROUP", "This works in our private chat only.")
        if found.step_up and actor.user.id not in self.fresh:
            why = _refused("E-STEPUP", "Enter your PIN or code in the secure panel, then again.")
            return Reply(title=why.title, reasons=why.reasons, need=Need.STEP_UP)
        if (found.confirm or found.word) and self._tokens.pop(token, None) != wish:
            key = f"token{len(self.asked)}"
            self._tokens[key] = wish
            how = f'Type "{found.word}"' if found.word else "Confirm"
            return Reply(
                title=f"{how} within 60 s to go on.",
                lines=("What will change: everything.",),
                need=Need.WORD if found.word else Need.CONFIRM,
                token=key,
                word=found.word,
            )
        if found.word and word != found.word:
            return _refused("E-ARG", f"The word is {found.word}.")
        if found.second_person:
            lines = ("Another super admin runs: agree 7.",)
            return Reply(title="A second person.", lines=lines, need=Need.SECOND_PERSON)
        self.done.append(wish)
        return _users() if name == "users" else Reply(title=f"{name} done: <{' '.join(args)}>")


def _refused(code: str, text: str) -> Reply:
    return Reply(title=text, reasons=(Reason(code=code, rule=code, text=text),))


def _users() -> Reply:
    rows = tuple((f"#{n}", f"name-{n}", "trader", "in") for n in range(1, 13))
    return Reply(title="Users", tables=(Table(columns=("ID", "Name", "Role", "State"), rows=rows),))
