"""Settings: one frozen struct, read once from the environment, validated whole.

This is the only reader of the environment. Every wrong value is reported at once, each with its
name, the value and what was expected; the process then refuses to start.
"""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

import msgspec

from vanta import crashpoints
from vanta.domain.errors import ConfigError
from vanta.domain.limits import LIMITS
from vanta.domain.master_key import parse_keys
from vanta.domain.units import format_scaled, parse_scaled

T = TypeVar("T")


class Secret(Generic[T]):
    """A value that neither `repr` nor `str` shows."""

    __slots__ = ("_value",)

    def __init__(self, value: T) -> None:
        self._value = value

    def reveal(self) -> T:
        """Return the value; call it only where it is used."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that differs between two installations."""

    environment: str = "development"
    home: Path
    postgres_dsn: Secret[str] | None = None
    redis_url: Secret[str] | None = None
    allow_embedded: bool = False
    host: str = "127.0.0.1"
    port: int = 8080
    port_is_default: bool = True
    chat_port: int = 0  # 0 = the port after `port`
    telegram_token: Secret[str] | None = None
    ready_file: Path | None = None
    log_json: bool = False
    log_level: str = "info"
    crash_point: str = ""
    crash_hit: int = 1
    price_sources: tuple[str, ...] = ()
    rpc_urls: tuple[str, ...] = ()
    hermes_url: str = ""
    hermes_key: Secret[str] | None = None
    admin_user_ids: tuple[int, ...] = ()
    super_admin_ids: tuple[int, ...] = ()
    # keys
    master_key: Secret[str] | None = None  # base64 of 32 bytes, the newest of several first
    master_key_file: Path | None = None
    kms_key_id: str = ""
    kms_endpoint: str = ""
    # ceilings of the whole system; 0 = the published one, which operators may change
    max_position_e6: int = 0
    max_account_risk_e10: int = 0
    liquidation_buffer_e10: int = 0
    max_daily_loss_e10: int = 0
    loosen_delay_s: int = 3_600
    breaker_cool_off_s: int = 3_600
    # modes and switches
    stop: str = ""  # VANTA_STOP: opens | all, as long as the process runs
    canary: bool = False
    canary_collateral_e6: int = 50_000_000
    canary_leverage_e10: int = 20_000_000_000
    canary_markets: tuple[str, ...] = ("BTC", "ETH")
    canary_users: tuple[int, ...] = ()
    two_person: bool = False
    step_up_s: int = 600
    first_proof_wait_s: int = 86_400
    signal_clock_window_s: int = 30
    signal_entry_max_age_s: int = 5
    signal_exit_max_age_s: int = 600
    signal_redrive_max_age_s: int = 300
    signal_max_body: int = 16_384
    signal_rate_per_s: int = 200
    signal_burst: int = 1_000

    @property
    def is_production(self) -> bool:
        return self.environment == "production"

    @property
    def ceilings(self) -> dict[str, int]:
        """What is fixed here of the system's ceiling, by field of `Policy`."""
        return {
            field: getattr(self, field) for field, _ in _CEILINGS.values() if getattr(self, field)
        }


# name -> field, decimals of its scale
_CEILINGS: Final = {
    "MAX_POSITION_SIZE_USD": ("max_position_e6", 6),
    "MAX_ACCOUNT_RISK_PCT": ("max_account_risk_e10", 10),
    "LIQUIDATION_BUFFER_PCT": ("liquidation_buffer_e10", 10),
    "MAX_DAILY_LOSS_PCT": ("max_daily_loss_e10", 10),
}
_SOURCES: Final = frozenset({"synthetic", "chainlink", "pyth", "coinbase", "kraken"})
_LEVELS: Final = frozenset({"debug", "info", "warning", "error"})


class _Reader:
    """Reads typed values and gathers every complaint."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.complaints: list[str] = []

    def text(self, *names: str, default: str = "") -> str:
        for name in names:
            if value := self._environ.get(name, ""):
                return value
        return default

    def parse(self, name: str, default: T, parse: Callable[[str], T], expected: str) -> T:
        raw = self._environ.get(name, "")
        if raw == "":
            return default
        try:
            return parse(raw)
        except ValueError:
            self.complaints.append(f"{name}={raw!r}: expected {expected}")
            return default

    def number(self, name: str, default: int, *, low: int, high: int) -> int:
        def parse(raw: str) -> int:
            if not raw.isascii() or not raw.isdigit() or not low <= int(raw) <= high:
                raise ValueError(raw)
            return int(raw)

        return self.parse(name, default, parse, f"a whole number from {low} to {high}")

    def scaled(self, name: str, *, decimals: int, low: int, high: int) -> int:
        """Read an exact decimal into an integer; 0 when it is not set."""

        def parse(raw: str) -> int:
            value = parse_scaled(raw, decimals=decimals, field=name)
            if not low <= value <= high:
                raise ValueError(raw)
            return value

        ends = [format_scaled(end, decimals=decimals) for end in (low, high)]
        return self.parse(name, 0, parse, f"a plain decimal from {ends[0]} to {ends[1]}")

    def flag(self, name: str, *, default: bool = False) -> bool:
        words = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}

        def parse(raw: str) -> bool:
            if (value := words.get(raw.lower())) is None:
                raise ValueError(raw)
            return value

        return self.parse(name, default, parse, "true or false")

    def choice(self, name: str, default: str, allowed: frozenset[str]) -> str:
        def parse(raw: str) -> str:
            if raw.lower() not in allowed:
                raise ValueError(raw)
            return raw.lower()

        return self.parse(name, default, parse, "one of " + ", ".join(sorted(allowed)))

    def words(self, name: str, allowed: frozenset[str] | None = None) -> tuple[str, ...]:
        def parse(raw: str) -> tuple[str, ...]:
            items = tuple(item.strip() for item in raw.split(",") if item.strip())
            if allowed is not None and not allowed.issuperset(items):
                raise ValueError(raw)
            return items

        expected = "comma-separated values" + (f" of {sorted(allowed)}" if allowed else "")
        return self.parse(name, (), parse, expected)

    def ids(self, name: str) -> tuple[int, ...]:
        def parse(raw: str) -> tuple[int, ...]:
            return tuple(int(item) for item in raw.split(",") if item.strip())

        return self.parse(name, (), parse, "comma-separated numbers")

    def secret(self, name: str) -> Secret[str] | None:
        value = self._environ.get(name, "")
        return Secret(value) if value else None

    def master_key(self, name: str) -> Secret[str] | None:
        value = self._environ.get(name, "")
        if not value:
            return None
        try:
            parse_keys(value, name=name)
        except ConfigError as error:
            self.complaints.append(str(error))
        return Secret(value)

    def one_of(self, *names: str) -> None:
        given = [name for name in names if self._environ.get(name, "")]
        if len(given) > 1:
            self.complaints.append(f"{' and '.join(given)} are both set: expected one of them")

    def path(self, name: str) -> Path | None:
        value = self._environ.get(name, "")
        return Path(value).expanduser().absolute() if value else None


def default_home(environ: Mapping[str, str], *, is_root: bool) -> Path:
    """Return the platform's folder for state that must survive restarts."""
    if is_root and sys.platform != "darwin":
        return Path("/var/lib/vanta")  # the folder of the system's own services
    user_home = Path(environ.get("HOME") or Path.home())
    if sys.platform == "darwin":
        return user_home / "Library" / "Application Support" / "vanta"
    if state := environ.get("XDG_STATE_HOME", ""):
        return Path(state) / "vanta"
    return user_home / ".local" / "state" / "vanta"


def home_of(environ: Mapping[str, str], *, is_root: bool) -> Path:
    """Return the home alone: an emergency must not fail over another setting."""
    return _Reader(environ).path("VANTA_HOME") or default_home(environ, is_root=is_root)


def process_environment() -> Mapping[str, str]:
    """Return what this process was started with."""
    return os.environ


def load(environ: Mapping[str, str], *, is_root: bool = False) -> Settings:
    """Read and validate all settings.

    Raises `ConfigError` listing every wrong value.
    """
    read = _Reader(environ)
    environment = read.choice(
        "ENVIRONMENT", "development", frozenset({"development", "test", "production"})
    )
    port_name = "VANTA_PORT" if environ.get("VANTA_PORT") else "HEALTH_PORT"
    fields: dict[str, Any] = {
        "environment": environment,
        "home": home_of(environ, is_root=is_root),
        "postgres_dsn": read.secret("VANTA_POSTGRES_DSN"),
        "redis_url": read.secret("VANTA_REDIS_URL"),
        "allow_embedded": read.flag("VANTA_ALLOW_EMBEDDED"),
        "host": read.text("VANTA_HOST", default="127.0.0.1"),
        "port": read.number(port_name, 8080, low=0, high=65_535),
        "port_is_default": not environ.get(port_name),
        "chat_port": read.number("VANTA_CHAT_PORT", 0, low=0, high=65_535),
        "telegram_token": read.secret("VANTA_TELEGRAM_TOKEN"),
        "ready_file": read.path("VANTA_READY_FILE"),
        "log_json": read.flag("LOG_JSON"),
        "log_level": read.choice("LOG_LEVEL", "info", _LEVELS),
        "crash_point": read.text("VANTA_CRASH_POINT"),
        "crash_hit": read.number("VANTA_CRASH_HIT", 1, low=1, high=1_000_000),
        "price_sources": read.words("VANTA_PRICE_SOURCES", _SOURCES),
        "rpc_urls": read.words("VANTA_RPC_URLS"),
        "hermes_url": read.text("VANTA_HERMES_URL"),
        "hermes_key": read.secret("VANTA_HERMES_KEY"),
        "admin_user_ids": read.ids("ADMIN_USER_IDS"),
        "super_admin_ids": read.ids("SUPER_ADMIN_IDS"),
        "master_key": read.master_key("VANTA_MASTER_KEY"),
        "master_key_file": read.path("VANTA_MASTER_KEY_FILE"),
        "kms_key_id": read.text("VANTA_KMS_KEY_ID"),
        "kms_endpoint": read.text("VANTA_KMS_ENDPOINT"),
        "loosen_delay_s": read.number("VANTA_LOOSEN_DELAY_S", 3_600, low=60, high=604_800),
        "breaker_cool_off_s": read.number("VANTA_BREAKER_COOL_OFF_S", 3_600, low=60, high=604_800),
        "stop": read.choice("VANTA_STOP", "", frozenset({"opens", "all"})),
        "canary": read.flag("VANTA_CANARY"),
        "canary_collateral_e6": read.scaled(
            "VANTA_CANARY_COLLATERAL_USD", decimals=6, low=1, high=10**12
        )
        or 50_000_000,
        "canary_leverage_e10": read.scaled(
            "VANTA_CANARY_LEVERAGE", decimals=10, low=1, high=5 * 10**12
        )
        or 20_000_000_000,
        "canary_markets": read.words("VANTA_CANARY_MARKETS") or ("BTC", "ETH"),
        "canary_users": read.ids("VANTA_CANARY_USERS"),
        "two_person": read.flag("VANTA_TWO_PERSON"),
        "step_up_s": read.number("VANTA_STEP_UP_S", 600, low=30, high=3_600),
        "first_proof_wait_s": read.number(
            "VANTA_FIRST_PROOF_WAIT_S", 86_400, low=0, high=30 * 86_400
        ),
        "signal_clock_window_s": read.number("VANTA_SIGNAL_CLOCK_WINDOW_S", 30, low=1, high=300),
        "signal_entry_max_age_s": read.number("VANTA_SIGNAL_ENTRY_MAX_AGE_S", 5, low=1, high=600),
        "signal_exit_max_age_s": read.number(
            "VANTA_SIGNAL_EXIT_MAX_AGE_S", 600, low=1, high=86_400
        ),
        "signal_redrive_max_age_s": read.number(
            "VANTA_SIGNAL_REDRIVE_MAX_AGE_S", 300, low=1, high=86_400
        ),
        "signal_max_body": read.number("VANTA_SIGNAL_MAX_BODY", 16_384, low=256, high=1_048_576),
        "signal_rate_per_s": read.number("VANTA_SIGNAL_RATE_PER_S", 200, low=1, high=1_000_000),
        "signal_burst": read.number("VANTA_SIGNAL_BURST", 1_000, low=1, high=1_000_000),
    }
    bounds = {limit.field: limit for limit in LIMITS}
    for name, (field, decimals) in _CEILINGS.items():
        fields[field] = read.scaled(
            name, decimals=decimals, low=bounds[field].low, high=bounds[field].high
        )
    if read.text("DEFAULT_EXECUTION_MODE", default="DRY").upper() != "DRY":
        read.complaints.append("DEFAULT_EXECUTION_MODE: this build trades DRY only; expected DRY")
    if fields["crash_point"] and fields["crash_point"] not in crashpoints.NAMES:
        read.complaints.append(
            f"VANTA_CRASH_POINT={fields['crash_point']!r}: expected one of "
            + ", ".join(sorted(crashpoints.NAMES))
        )
    if fields["crash_point"] and environment == "production":
        read.complaints.append("VANTA_CRASH_POINT is for drills and refused in production")
    if "chainlink" in fields["price_sources"] and not fields["rpc_urls"]:
        read.complaints.append("VANTA_PRICE_SOURCES has chainlink but VANTA_RPC_URLS is empty")
    if "pyth" in fields["price_sources"] and not fields["hermes_url"]:
        read.complaints.append("VANTA_PRICE_SOURCES has pyth but VANTA_HERMES_URL is empty")
    read.one_of("VANTA_MASTER_KEY", "VANTA_MASTER_KEY_FILE", "VANTA_KMS_KEY_ID")
    if fields["kms_endpoint"] and not fields["kms_key_id"]:
        read.complaints.append("VANTA_KMS_ENDPOINT is set but VANTA_KMS_KEY_ID is empty")
    if fields["canary"] and not fields["canary_users"]:
        read.complaints.append("VANTA_CANARY is on but VANTA_CANARY_USERS names nobody")
    if read.complaints:
        raise ConfigError("; ".join(read.complaints))
    return Settings(**fields)
