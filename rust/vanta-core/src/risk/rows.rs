//! What a batch is asked and what it answers, one column per field.

use super::figures::OpenRequest;
use super::rules::{Failure, Rule};
use crate::error::CoreError;
use crate::margin::Side;
use crate::units::{MarketIx, PriceE10, RatioE10, TimeNs, UsdE6, UserIx};

/// Answer of `admit_batch` for one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Admission {
    /// The first failure; none = admitted.
    pub failure: Option<Failure>,
    /// See [`super::RiskVerdict::nearest_collateral`].
    pub nearest_collateral: UsdE6,
    /// See [`super::RiskVerdict::reservation`].
    pub reservation: u64,
}

/// Opens of one instant, raw integers of [`OpenRequest`]'s units, one column per field.
#[derive(Debug, Clone, Copy)]
pub struct OpenRows<'a> {
    /// Who.
    pub user: &'a [u32],
    /// What.
    pub market: &'a [u16],
    /// Direction.
    pub is_long: &'a [bool],
    /// Collateral.
    pub collateral: &'a [i64],
    /// Leverage.
    pub leverage: &'a [i64],
    /// Quoted price.
    pub price: &'a [i64],
    /// Stop; 0 = none.
    pub stop: &'a [i64],
    /// The instant of the question.
    pub now: TimeNs,
}

impl OpenRows<'_> {
    // `None` after the last row of the shortest column.
    #[inline]
    pub(super) fn row(&self, row: usize) -> Option<Result<OpenRequest, CoreError>> {
        let (user, market) = (*self.user.get(row)?, *self.market.get(row)?);
        let (is_long, collateral) = (*self.is_long.get(row)?, *self.collateral.get(row)?);
        let (leverage, price) = (*self.leverage.get(row)?, *self.price.get(row)?);
        let stop = *self.stop.get(row)?;
        let asked = || {
            let stop = PriceE10::new(stop).map_err(|error| error.named("stop_loss_e10"))?;
            Ok(OpenRequest {
                user: UserIx::new(user).map_err(|error| error.named("user_ix"))?,
                market: MarketIx::new(market).map_err(|error| error.named("market_ix"))?,
                side: Side::from_is_long(is_long),
                collateral: UsdE6::new(collateral).map_err(|e| e.named("collateral_e6"))?,
                leverage: RatioE10::new(leverage).map_err(|e| e.named("leverage_e10"))?,
                price: PriceE10::new(price).map_err(|error| error.named("price_e10"))?,
                stop: (stop != PriceE10::ZERO).then_some(stop),
                now: self.now,
            })
        };
        Some(asked())
    }
}

/// Answers of [`super::RiskBook::admit_rows`], one column per field of [`Admission`].
#[derive(Debug, Clone, Default)]
pub struct Admissions {
    /// Admitted.
    pub ok: Vec<bool>,
    /// Code of the first failed rule; 0 = none.
    pub rule: Vec<u8>,
    /// Its value.
    pub value: Vec<i64>,
    /// Its limit.
    pub limit: Vec<i64>,
    /// Its reset, ns; 0 = never.
    pub resets_at: Vec<i64>,
    /// Nearest collateral.
    pub nearest_collateral: Vec<i64>,
    /// Reservation.
    pub reservation: Vec<u64>,
}

impl Admissions {
    pub(super) fn of(rows: usize) -> Self {
        Self {
            ok: Vec::with_capacity(rows),
            rule: Vec::with_capacity(rows),
            value: Vec::with_capacity(rows),
            limit: Vec::with_capacity(rows),
            resets_at: Vec::with_capacity(rows),
            nearest_collateral: Vec::with_capacity(rows),
            reservation: Vec::with_capacity(rows),
        }
    }

    #[inline]
    pub(super) fn push(&mut self, row: &Admission) {
        self.ok.push(row.failure.is_none());
        let (rule, value, limit, resets_at) = row.failure.map_or((Rule::None, 0, 0, 0), |why| {
            (why.rule, why.value, why.limit, why.resets_at.get())
        });
        self.rule.push(rule.code());
        self.value.push(value);
        self.limit.push(limit);
        self.resets_at.push(resets_at);
        self.nearest_collateral.push(row.nearest_collateral.get());
        self.reservation.push(row.reservation);
    }
}
