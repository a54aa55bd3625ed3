//! Triggers for tests, and the book as a list that is scanned on every price.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test file uses its part; a test stops at the first surprise"
)]

use vanta_core::margin::Side;
use vanta_core::trigger::{Arming, Fired, TriggerKind};
use vanta_core::units::{MarketIx, PriceE10};

pub fn price(raw: i64) -> PriceE10 {
    PriceE10::new(raw).unwrap()
}

pub fn market(raw: u16) -> MarketIx {
    MarketIx::new(raw).unwrap()
}

/// Version 1 of a trigger in market 0.
pub fn trigger(id: i64, kind: TriggerKind, side: Side, level: i64) -> Arming {
    Arming {
        id,
        version: 1,
        market: market(0),
        kind,
        side,
        level: price(level),
        distance: PriceE10::ZERO,
        offset: 0,
    }
}

pub fn trailing(id: i64, side: Side, level: i64, distance: i64) -> Arming {
    Arming {
        distance: price(distance),
        ..trigger(id, TriggerKind::Trailing, side, level)
    }
}

pub fn break_even(id: i64, side: Side, entry: i64, distance: i64, offset: i64) -> Arming {
    Arming {
        distance: price(distance),
        offset,
        ..trigger(id, TriggerKind::BreakEven, side, entry)
    }
}

/// One trigger of the list: its best price and whether it is active are its own.
#[derive(Debug, Clone)]
pub struct Scanned {
    pub arming: Arming,
    best: i128,
    active: bool,
}

impl Scanned {
    pub fn new(arming: Arming) -> Self {
        Self {
            arming,
            best: arming.level.wide(),
            active: false,
        }
    }

    fn sign(&self) -> i128 {
        if self.arming.side.is_long() { 1 } else { -1 }
    }

    pub fn fires_above(&self) -> bool {
        (self.arming.kind == TriggerKind::TakeProfit) == self.arming.side.is_long()
    }

    pub fn fires_at(&self) -> Option<i128> {
        match self.arming.kind {
            TriggerKind::Trailing => Some(self.best - self.sign() * self.arming.distance.wide()),
            TriggerKind::BreakEven => self
                .active
                .then(|| self.arming.level.wide() + self.sign() * i128::from(self.arming.offset)),
            _ => Some(self.arming.level.wide()),
        }
    }

    fn move_to(&mut self, price: i128) {
        let gain = self.sign() * (price - self.arming.level.wide());
        self.active |= gain >= self.arming.distance.wide();
        if self.sign() * (price - self.best) > 0 {
            self.best = price;
        }
    }

    fn is_reached(&self, price: i128) -> bool {
        self.fires_at().is_some_and(|level| {
            if self.fires_above() {
                price >= level
            } else {
                price <= level
            }
        })
    }
}

/// Every call looks at every trigger.
#[derive(Debug, Clone, Default)]
pub struct ScanBook {
    pub armed: Vec<Scanned>,
}

impl ScanBook {
    pub fn live(&self, id: i64) -> Option<&Scanned> {
        self.armed.iter().find(|one| one.arming.id == id)
    }

    pub fn arm(&mut self, arming: Arming) {
        self.disarm(arming.id);
        self.armed.push(Scanned::new(arming));
    }

    pub fn disarm(&mut self, id: i64) -> bool {
        let count = self.armed.len();
        self.armed.retain(|one| one.arming.id != id);
        self.armed.len() < count
    }

    pub fn on_quote(&mut self, market: MarketIx, price: PriceE10) -> Vec<Fired> {
        if price == PriceE10::ZERO {
            return Vec::new();
        }
        let mut fired = Vec::new();
        for mut one in std::mem::take(&mut self.armed) {
            if one.arming.market == market {
                one.move_to(price.wide());
                if one.is_reached(price.wide()) {
                    fired.push(one);
                    continue;
                }
            }
            self.armed.push(one);
        }
        fired.sort_by_key(|one| {
            let level = one.fires_at().unwrap_or_default();
            let above = one.fires_above();
            (above, if above { level } else { -level }, one.arming.id)
        });
        fired
            .iter()
            .map(|one| Fired {
                id: one.arming.id,
                version: one.arming.version,
                kind: one.arming.kind,
                level: price_of(one.fires_at()).unwrap(),
            })
            .collect()
    }

    pub fn level(&self, id: i64) -> Option<PriceE10> {
        price_of(self.live(id)?.fires_at())
    }

    pub fn next_levels(&self, market: MarketIx) -> (Option<PriceE10>, Option<PriceE10>) {
        let levels = |above: bool| {
            let here = self
                .armed
                .iter()
                .filter(move |one| one.arming.market == market && one.fires_above() == above);
            here.filter_map(|one| price_of(one.fires_at()))
        };
        (levels(true).min(), levels(false).max())
    }
}

fn price_of(level: Option<i128>) -> Option<PriceE10> {
    PriceE10::new(i64::try_from(level?).ok()?).ok()
}
