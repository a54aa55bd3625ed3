"""Settings: every wrong value is named, secrets stay hidden, doubt refuses to start."""

from pathlib import Path

import pytest

from vanta.domain.errors import ConfigError
from vanta.domain.master_key import format_key
from vanta.settings import default_home, load


def test_defaults_are_dry_loopback_and_embedded() -> None:
    settings = load({"HOME": "/home/ann"})
    assert settings.host == "127.0.0.1"
    assert settings.port == 8080
    assert settings.home == Path("/home/ann/.local/state/vanta")
    assert settings.postgres_dsn is None


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"VANTA_PORT": "eighty"}, "VANTA_PORT='eighty'"),
        ({"VANTA_PORT": "65536"}, "VANTA_PORT='65536'"),
        ({"VANTA_PORT": "-1"}, "VANTA_PORT='-1'"),
        ({"VANTA_PORT": "８０"}, "VANTA_PORT='８０'"),
        ({"LOG_JSON": "maybe"}, "LOG_JSON='maybe'"),
        ({"ENVIRONMENT": "prod"}, "ENVIRONMENT='prod'"),
        ({"VANTA_PRICE_SOURCES": "pyht"}, "VANTA_PRICE_SOURCES='pyht'"),
        ({"ADMIN_USER_IDS": "1,x"}, "ADMIN_USER_IDS='1,x'"),
        ({"DEFAULT_EXECUTION_MODE": "LIVE"}, "DEFAULT_EXECUTION_MODE"),
        ({"VANTA_STOP": "pause"}, "VANTA_STOP='pause'"),
        ({"VANTA_CANARY": "1"}, "VANTA_CANARY_USERS names nobody"),
        ({"VANTA_CANARY_COLLATERAL_USD": "0"}, "VANTA_CANARY_COLLATERAL_USD='0'"),
        ({"VANTA_CANARY_LEVERAGE": "1e3"}, "VANTA_CANARY_LEVERAGE='1e3'"),
        ({"VANTA_CRASH_POINT": "nowhere"}, "VANTA_CRASH_POINT='nowhere'"),
        ({"VANTA_PRICE_SOURCES": "pyth"}, "VANTA_HERMES_URL"),
        ({"VANTA_PRICE_SOURCES": "chainlink"}, "VANTA_RPC_URLS"),
        (
            {"ENVIRONMENT": "production", "VANTA_CRASH_POINT": "order.sent"},
            "refused in production",
        ),
    ],
)
def test_a_wrong_value_is_named(environ: dict[str, str], named: str) -> None:
    with pytest.raises(ConfigError) as raised:
        load(environ)
    assert named in str(raised.value)


def test_all_complaints_come_at_once() -> None:
    with pytest.raises(ConfigError) as raised:
        load({"VANTA_PORT": "x", "LOG_LEVEL": "loud"})
    assert "VANTA_PORT" in str(raised.value)
    assert "LOG_LEVEL" in str(raised.value)


def test_secrets_do_not_show() -> None:
    settings = load({"VANTA_TELEGRAM_TOKEN": "123:very-secret", "VANTA_REDIS_URL": "redis://:pw@h"})
    assert "very-secret" not in repr(settings)
    assert "pw@h" not in repr(settings)
    assert settings.telegram_token is not None
    assert settings.telegram_token.reveal() == "123:very-secret"


def test_root_keeps_state_where_services_do() -> None:
    assert default_home({"HOME": "/root"}, is_root=True) == Path("/var/lib/vanta")


def test_xdg_state_home_is_honoured() -> None:
    home = default_home({"HOME": "/home/ann", "XDG_STATE_HOME": "/srv/state"}, is_root=False)
    assert home == Path("/srv/state/vanta")


def test_health_port_is_the_older_name() -> None:
    assert load({"HEALTH_PORT": "9000"}).port == 9000
    assert load({"HEALTH_PORT": "9000", "VANTA_PORT": "9001"}).port == 9001


CEILINGS = (
    "MAX_POSITION_SIZE_USD",
    "MAX_ACCOUNT_RISK_PCT",
    "LIQUIDATION_BUFFER_PCT",
    "MAX_DAILY_LOSS_PCT",
)


def test_ceilings_are_read_exactly() -> None:
    settings = load(
        {
            "MAX_POSITION_SIZE_USD": "2500.000001",
            "MAX_ACCOUNT_RISK_PCT": "0.05",
            "LIQUIDATION_BUFFER_PCT": "0.1",
            "MAX_DAILY_LOSS_PCT": "1",
        }
    )
    assert settings.ceilings == {
        "max_position_e6": 2_500_000_001,
        "max_account_risk_e10": 500_000_000,
        "liquidation_buffer_e10": 1_000_000_000,
        "max_daily_loss_e10": 10_000_000_000,
    }
    assert load({}).ceilings == {}


@pytest.mark.parametrize("name", CEILINGS)
@pytest.mark.parametrize(
    "text",
    ["0", "-1", "-0", "NaN", "inf", "1e309", "1e-3", "０.１", "0,1", "10%", "no", " 1", "9" * 200],
)
def test_a_ceiling_that_is_no_ceiling_refuses_to_start(name: str, text: str) -> None:
    with pytest.raises(ConfigError, match=name):
        load({name: text})


@pytest.mark.parametrize("name", CEILINGS[1:])
def test_a_share_above_one_refuses_to_start(name: str) -> None:
    with pytest.raises(ConfigError, match=name):
        load({name: "1.0000000001"})


def test_the_canary_and_the_stop_are_read() -> None:
    settings = load(
        {
            "HOME": "/home/ann",
            "VANTA_STOP": "ALL",
            "VANTA_CANARY": "yes",
            "VANTA_CANARY_COLLATERAL_USD": "62.5",
            "VANTA_CANARY_LEVERAGE": "3",
            "VANTA_CANARY_MARKETS": "BTC, SOL",
            "VANTA_CANARY_USERS": "7,9",
        }
    )
    assert settings.stop == "all"
    assert (settings.canary_collateral_e6, settings.canary_leverage_e10) == (62_500_000, 3 * 10**10)
    assert (settings.canary_markets, settings.canary_users) == (("BTC", "SOL"), (7, 9))
    default = load({"HOME": "/home/ann"})
    assert (default.canary_collateral_e6, default.canary_leverage_e10) == (50_000_000, 2 * 10**10)


KEY = format_key(bytes(range(32)))


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"VANTA_MASTER_KEY": "short"}, "VANTA_MASTER_KEY: key 1 is malformed"),
        ({"VANTA_MASTER_KEY": "no"}, "VANTA_MASTER_KEY: key 1 is malformed"),
        ({"VANTA_MASTER_KEY": "-1"}, "VANTA_MASTER_KEY: key 1 is malformed"),
        ({"VANTA_MASTER_KEY": "0"}, "VANTA_MASTER_KEY: key 1 is malformed"),
        ({"VANTA_MASTER_KEY": " , "}, "VANTA_MASTER_KEY holds no key"),
        ({"VANTA_MASTER_KEY": format_key(bytes(32))}, "VANTA_MASTER_KEY: key 1 is malformed"),
        ({"VANTA_MASTER_KEY": f"{KEY},{KEY}"}, "VANTA_MASTER_KEY holds one key twice"),
        ({"VANTA_MASTER_KEY": f"{KEY},{KEY[:-2]}"}, "VANTA_MASTER_KEY: key 2 is malformed"),
        (
            {"VANTA_MASTER_KEY": KEY, "VANTA_MASTER_KEY_FILE": "/k"},
            "VANTA_MASTER_KEY and VANTA_MASTER_KEY_FILE are both set",
        ),
        (
            {"VANTA_MASTER_KEY_FILE": "/k", "VANTA_KMS_KEY_ID": "arn"},
            "VANTA_MASTER_KEY_FILE and VANTA_KMS_KEY_ID are both set",
        ),
        ({"VANTA_KMS_ENDPOINT": "http://127.0.0.1:1"}, "VANTA_KMS_KEY_ID is empty"),
    ],
)
def test_a_wrong_master_key_is_named_and_not_repeated(environ: dict[str, str], named: str) -> None:
    with pytest.raises(ConfigError) as raised:
        load(environ)
    assert named in str(raised.value)
    assert KEY not in str(raised.value)


def test_one_source_of_keys_is_taken() -> None:
    held = load({"VANTA_MASTER_KEY": KEY})
    assert held.master_key is not None
    assert held.master_key.reveal() == KEY
    assert KEY not in repr(held)
    assert load({"VANTA_MASTER_KEY_FILE": "/k"}).master_key_file == Path("/k")
    assert load({"VANTA_KMS_KEY_ID": "arn", "VANTA_KMS_ENDPOINT": "http://k"}).kms_key_id == "arn"
    assert load({}).master_key is load({}).master_key_file is None
