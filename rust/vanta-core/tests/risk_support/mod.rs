//! A risk book with one market and one user whose limits refuse nothing by themselves.
#![allow(dead_code, reason = "each test crate uses its own part of it")]

use vanta_core::margin::Side;
use vanta_core::risk::{
    FillUpdate, Limits, Market, OpenRequest, RiskBook, RiskVerdict, Rule, UserState,
};
use vanta_core::units::{DAY_NS, E6, E10, MarketIx, PriceE10, RatioE10, TimeNs, UsdE6, UserIx};

/// Noon UTC of some day.
pub const NOON: i64 = 20_000 * DAY_NS + DAY_NS / 2;

pub fn price(raw: i64) -> PriceE10 {
    PriceE10::new(raw).unwrap()
}

pub fn usd(raw: i64) -> UsdE6 {
    UsdE6::new(raw).unwrap()
}

pub fn ratio(raw: i64) -> RatioE10 {
    RatioE10::new(raw).unwrap()
}

pub fn time(raw: i64) -> TimeNs {
    TimeNs::new(raw).unwrap()
}

pub fn user(raw: u32) -> UserIx {
    UserIx::new(raw).unwrap()
}

pub fn market_ix(raw: u16) -> MarketIx {
    MarketIx::new(raw).unwrap()
}

/// What a test may turn before it builds the book.
#[derive(Debug, Clone)]
pub struct Setup {
    pub market: Market,
    pub limits: Limits,
    pub cash: i64,
    pub day_start: i64,
    pub streak: i64,
    /// Past opens as (time, notional).
    pub opens: Vec<(i64, i64)>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            market: Market {
                min_leverage: ratio(E10),
                max_leverage: ratio(100 * E10),
                min_notional: usd(0),
                threshold: ratio(85 * E10 / 100),
                open_fee: ratio(6 * E10 / 10_000),
                close_fee: ratio(5 * E10 / 10_000),
                spread: ratio(E10 / 10_000),
                is_open: true,
            },
            limits: Limits {
                max_leverage: ratio(500 * E10),
                max_position: usd(1_000_000_000 * E6),
                max_account_risk: ratio(100 * E10),
                liquidation_buffer: ratio(E10 / 20),
                max_daily_loss: ratio(E10),
                opens_per_minute: 1_000,
                trades_per_day: 1_000,
                volume_hour: usd(1_000_000_000 * E6),
                volume_day: usd(1_000_000_000 * E6),
                max_losses_in_row: 1_000,
            },
            cash: 1_000_000 * E6,
            day_start: 1_000_000 * E6,
            streak: 0,
            opens: Vec::new(),
        }
    }
}

impl Setup {
    pub fn state(&self, index: u32) -> UserState {
        UserState {
            user: user(index),
            cash: usd(self.cash),
            day_start_equity: usd(self.day_start),
            losses_in_row: self.streak,
            limits: self.limits,
        }
    }

    pub fn book(&self) -> RiskBook {
        let mut book = RiskBook::new();
        book.set_market(market_ix(1), self.market).unwrap();
        book.load_users(&[self.state(7)]).unwrap();
        let opens: Vec<_> = self
            .opens
            .iter()
            .map(|&(at, amount)| (user(7), time(at), usd(amount)))
            .collect();
        book.load_opens(&opens).unwrap();
        book
    }

    pub fn verdict(&self, request: &OpenRequest) -> RiskVerdict {
        self.book().check(request).unwrap()
    }
}

/// 200 USD at 10x, long, at 1,000, no stop.
pub fn request() -> OpenRequest {
    OpenRequest {
        user: user(7),
        market: market_ix(1),
        side: Side::Long,
        collateral: usd(200 * E6),
        leverage: ratio(10 * E10),
        price: price(1_000 * E10),
        stop: None,
        now: time(NOON),
    }
}

/// The fill of `request()` as position 1.
pub fn open_fill(reservation: u64) -> FillUpdate {
    FillUpdate {
        user: user(7),
        position_id: 1,
        market: market_ix(1),
        side: Side::Long,
        entry: price(1_000 * E10),
        collateral: usd(200 * E6),
        leverage: ratio(10 * E10),
        cash_delta: usd(-(200 * E6 + 1_200_000)),
        realised: usd(0),
        is_close: false,
        at: time(NOON),
        reservation,
    }
}

pub fn rules(verdict: &RiskVerdict) -> Vec<Rule> {
    verdict
        .failures
        .iter()
        .map(|failure| failure.rule)
        .collect()
}
