"""What a newcomer finds: a trader with play money, a provider with a key, five markets.

Run at every start of the sandbox: whatever is there already stays, secrets included.
"""

import secrets
from typing import Final

import msgspec

from vanta.domain.market import Market
from vanta.domain.ports import Clock
from vanta.domain.units import E6, E10
from vanta.store.accounts import Accounts
from vanta.store.markets import Markets
from vanta.store.pool import Pool
from vanta.store.providers import Providers
from vanta.store.users import Users

VENUE: Final = "paper"
TRADER_NAME: Final = "demo"
TRADER_TELEGRAM_ID: Final = 1001
TRADER_CASH_E6: Final = 10_000 * E6
PROVIDER_NAME: Final = "pulse"
PROVIDER_KEY_ID: Final = "pulse-1"
FOLLOW_COLLATERAL_E6: Final = 500 * E6
FOLLOW_LEVERAGE_E10: Final = 50 * E10

_SPREAD_E10: Final = E10 // 20_000  # 0.005 % each way
_FEE_E10: Final = 6 * E10 // 10_000  # 0.06 % of notional, opening and closing
_THRESHOLD_E10: Final = 85 * E10 // 100  # liquidated when 85 % of the collateral is lost

# Indices, leverage and minimum size as the venue lists them; bounds are those of the price gate,
# far outside anything seen, so that only a broken feed meets them.
_TABLE: Final = (
    # ix, symbol, leverage from-to, minimum notional, price from-to (USD)
    (0, "ETH/USD", 2, 75, 100, 10, 100_000),
    (1, "BTC/USD", 2, 100, 100, 500, 2_000_000),
    (2, "SOL/USD", 2, 75, 100, 1, 20_000),
    (3, "BNB/USD", 2, 50, 100, 5, 50_000),
    (21, "XAU/USD", 2, 100, 100, 200, 50_000),
)

MARKETS: Final = tuple(
    Market(
        ix=ix,
        venue=VENUE,
        symbol=symbol,
        min_leverage_e10=low * E10,
        max_leverage_e10=high * E10,
        min_notional_e6=notional * E6,
        liquidation_threshold_e10=_THRESHOLD_E10,
        open_fee_e10=_FEE_E10,
        close_fee_e10=_FEE_E10,
        spread_e10=_SPREAD_E10,
        min_price_e10=price_from * E10,
        max_price_e10=price_to * E10,
    )
    for ix, symbol, low, high, notional, price_from, price_to in _TABLE
)


class Seeded(msgspec.Struct, frozen=True, kw_only=True):
    """Who and what was seeded; `provider_secret` is the raw shared secret."""

    trader_id: int
    provider_id: int
    provider_key_id: str
    provider_secret: bytes

    def __repr__(self) -> str:
        return f"Seeded(trader_id={self.trader_id}, provider_id={self.provider_id})"


async def seed(pool: Pool, clock: Clock, providers: Providers) -> Seeded:
    """Put the demo's people and markets in; return them. Running it again changes nothing.

    One process at a time: the lock of the home sees to that.
    """
    now_ns = clock.now_ns()
    await Markets(pool).upsert(MARKETS)
    trader = await Users(pool).create(TRADER_NAME, "trader", TRADER_TELEGRAM_ID, now_ns=now_ns)
    await Accounts(pool).open(trader.id, TRADER_CASH_E6)
    provider_id = await providers.create(PROVIDER_NAME, now_ns=now_ns)
    key = await providers.key(PROVIDER_KEY_ID)
    # A secret that no longer opens is replaced; the row stays as it is, for whoever looks into it.
    known = key is not None and key.secrets
    secret = key.secrets[0].secret if key is not None and known else secrets.token_bytes(32)
    if not known:
        await providers.add_key(provider_id, PROVIDER_KEY_ID, secret, now_ns)
    if not await providers.ever_followed(provider_id, trader.id):
        await providers.subscribe(
            provider_id,
            trader.id,
            max_collateral_e6=FOLLOW_COLLATERAL_E6,
            max_leverage_e10=FOLLOW_LEVERAGE_E10,
            skip_without_stop=False,
            now_ns=now_ns,
        )
    return Seeded(
        trader_id=trader.id,
        provider_id=provider_id,
        provider_key_id=PROVIDER_KEY_ID,
        provider_secret=secret,
    )
