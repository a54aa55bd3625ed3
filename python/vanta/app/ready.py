"""What an instance tells of itself once it is ready: to people, to scripts, to the CLI."""

from typing import Final

import msgspec

NO_PRICES: Final = (
    "Some markets have no usable price yet; opens on them are refused.\n"
    "The sources are tried again without end; `vanta status` shows what has come."
)


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """Addresses and demo identities. `token` goes only into the home's own file."""

    http_url: str
    chat_url: str
    pid: int
    token: str
    trader_id: int = 0
    provider_id: int = 0
    provider_key_id: str = ""
    provider_secret: str = ""
    made_key: str = ""  # where the sandbox put a master key that it made

    def __repr__(self) -> str:
        return f"Ready(http_url={self.http_url!r}, pid={self.pid})"

    @property
    def signals_url(self) -> str:
        return f"{self.http_url}/v1/signals"

    @property
    def health_url(self) -> str:
        return f"{self.http_url}/healthz"

    def instance_json(self) -> bytes:
        """Render the file the CLI finds the instance by; it holds the operator's token."""
        return msgspec.json.encode(self)

    def ready_json(self) -> bytes:
        """Render the file for scripts that wait for readiness."""
        shown = {
            "chat_url": self.chat_url,
            "http_url": self.http_url,
            "signals_url": self.signals_url,
            "health_url": self.health_url,
            "provider_key_id": self.provider_key_id,
            "provider_secret": self.provider_secret,
            "trader_id": self.trader_id,
            "pid": self.pid,
        }
        return msgspec.json.encode(shown)

    def greeting(self, *, simulated: bool, has_prices: bool) -> str:
        """Render what a person reads in the terminal."""
        what = "simulated market, play money" if simulated else "simulated fills on real prices"
        rows = [
            ("chat", self.chat_url),
            ("desk", f"{self.http_url}/"),
            ("signals", f"POST {self.signals_url}" if self.provider_key_id else ""),
            ("health", f"{self.http_url}/readyz"),
            ("shell", "vanta status   (in this checkout: .venv/bin/vanta)"),
        ]
        lines = "\n".join(f"  {name:<8} {value}" for name, value in rows if value)
        made = (
            f"\nA master key was made for this sandbox: {self.made_key}\n" if self.made_key else ""
        )
        warning = "" if has_prices else f"\n{NO_PRICES}\n"
        return (
            f"\nVanta is ready. Mode DRY: {what}.\n{warning}\n{lines}\n{made}\n"
            "Ctrl-C stops it; state is kept.\n"
        )
