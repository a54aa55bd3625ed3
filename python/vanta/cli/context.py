"""What a command gets: its arguments, the environment it was started in, and its output."""

import argparse
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from vanta.cli.output import Output
from vanta.domain.errors import InputError
from vanta.settings import Settings, load

if TYPE_CHECKING:
    from vanta.cli.client import Client


class Context:
    """One run of one command."""

    def __init__(
        self, args: argparse.Namespace, environ: Mapping[str, str], output: Output
    ) -> None:
        self.args = args
        self.output = output
        home = getattr(args, "home", None)
        self.environ: Mapping[str, str] = (
            environ if home is None else {**environ, "VANTA_HOME": home}
        )
        if home is not None and (not home or "\0" in home):
            raise InputError("E-ARG", field="--home", value=home, limit="a folder")

    def settings(self) -> Settings:
        """Load and validate all settings.

        Raises `ConfigError`.
        """
        return load(self.environ, is_root=os.geteuid() == 0)

    def client(self) -> "Client":
        """Connect to the running instance of this home.

        Raises `NotRunningError` when there is none.
        """
        from vanta.cli.client import Client  # noqa: PLC0415  # loaded only when a server is asked
        from vanta.cli.instance import find  # noqa: PLC0415

        user = getattr(self.args, "user", None)
        if user is not None:
            user = str(row_id(user, field="--user"))
        return Client(find(self.settings().home), user=user)


def row_id(text: str, *, field: str) -> int:
    """Parse an id such as `12` or `#12`.

    Raises `InputError`.
    """
    bare = text.removeprefix("#")
    if not (bare.isascii() and bare.isdigit() and len(bare) <= 18):
        raise InputError("E-ARG", field=field, value=text, limit="a number such as 12")
    return int(bare)
