//! How far positions are from their liquidation, one by one and n at a time.

use super::quick::{Row, quick_health};
use super::{Side, liquidation_price, pnl, safe_line};
use crate::error::CoreError;
use crate::units::{E10, PriceE10, RatioE10, UsdE6, div_floor};

/// Where a position stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PositionState {
    /// On the entry side of the safe line.
    Healthy,
    /// At or beyond the safe line: time to close it ourselves.
    BeyondSafeLine,
    /// At or beyond the liquidation price: the venue may close it.
    BeyondLiquidation,
}

impl PositionState {
    /// The number the state has in arrays.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Healthy => 0,
            Self::BeyondSafeLine => 1,
            Self::BeyondLiquidation => 2,
        }
    }
}

/// Health of one position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PositionHealth {
    /// Liquidation price without charges.
    pub liquidation: PriceE10,
    /// Liquidation price moved towards entry by the buffer.
    pub safe_line: PriceE10,
    /// Gross profit at the price.
    pub pnl: UsdE6,
    /// Share of the entry-to-liquidation distance that is left, rounded down, 0 at liquidation.
    pub distance_left: RatioE10,
    /// Where the position stands.
    pub state: PositionState,
}

/// Health of a position at `price`.
///
/// # Errors
/// Those of [`pnl`], [`liquidation_price`] and [`safe_line`].
pub fn health(
    entry: PriceE10,
    price: PriceE10,
    collateral: UsdE6,
    leverage: RatioE10,
    side: Side,
    threshold: RatioE10,
    buffer: RatioE10,
) -> Result<PositionHealth, CoreError> {
    let none = UsdE6::ZERO;
    let liquidation = liquidation_price(entry, collateral, leverage, side, threshold, none, none)?;
    let line = safe_line(entry, liquidation, buffer, side)?;
    let pnl = pnl(entry, price, collateral, leverage, side)?;
    let whole = side.gain(entry.distance(liquidation));
    let left = side.gain(price.distance(liquidation));
    let distance_left = if whole <= 0 || left <= 0 {
        RatioE10::ZERO
    } else {
        let raw = div_floor(i128::from(left) * i128::from(E10), i128::from(whole));
        RatioE10::new(raw.map_err(|error| error.named("distance left"))?)?
    };
    let state = if side.at_or_beyond(price, liquidation) {
        PositionState::BeyondLiquidation
    } else if side.at_or_beyond(price, line) {
        PositionState::BeyondSafeLine
    } else {
        PositionState::Healthy
    };
    Ok(PositionHealth {
        liquidation,
        safe_line: line,
        pnl,
        distance_left,
        state,
    })
}

/// Positions as one array per field, raw integers of the units of [`health`].
#[derive(Debug, Clone, Copy)]
pub struct HealthRows<'a> {
    /// Entry prices.
    pub entry: &'a [i64],
    /// Prices now.
    pub price: &'a [i64],
    /// Collaterals.
    pub collateral: &'a [i64],
    /// Leverages.
    pub leverage: &'a [i64],
    /// True for a long.
    pub is_long: &'a [bool],
    /// Liquidation thresholds.
    pub threshold: &'a [i64],
    /// Buffers of the safe line.
    pub buffer: &'a [i64],
}

/// Answer of [`health_scan`], one array per field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health {
    /// [`PositionHealth::liquidation`]
    pub liquidation: Vec<i64>,
    /// [`PositionHealth::safe_line`]
    pub safe_line: Vec<i64>,
    /// [`PositionHealth::pnl`]
    pub pnl: Vec<i64>,
    /// [`PositionHealth::distance_left`]
    pub distance_left: Vec<i64>,
    /// [`PositionState::code`]
    pub state: Vec<u8>,
}

impl Health {
    fn clear(&mut self) {
        for column in [
            &mut self.liquidation,
            &mut self.safe_line,
            &mut self.pnl,
            &mut self.distance_left,
        ] {
            column.clear();
        }
        self.state.clear();
    }

    fn push(&mut self, one: &PositionHealth) {
        self.liquidation.push(one.liquidation.get());
        self.safe_line.push(one.safe_line.get());
        self.pnl.push(one.pnl.get());
        self.distance_left.push(one.distance_left.get());
        self.state.push(one.state.code());
    }

    fn reserve(&mut self, rows: usize) {
        self.liquidation.reserve(rows);
        self.safe_line.reserve(rows);
        self.pnl.reserve(rows);
        self.distance_left.reserve(rows);
        self.state.reserve(rows);
    }
}

/// [`health`] of n positions. Rows beyond the shortest array are not looked at.
///
/// # Errors
/// `AtRow` with the error of the first wrong row.
pub fn health_scan(rows: &HealthRows<'_>) -> Result<Health, CoreError> {
    let mut out = Health::default();
    health_scan_into(rows, &mut out)?;
    Ok(out)
}

/// [`health_scan`] into columns that are used again: what was in them goes.
///
/// # Errors
/// As [`health_scan`]; then `out` holds the rows before the wrong one.
pub fn health_scan_into(rows: &HealthRows<'_>, out: &mut Health) -> Result<(), CoreError> {
    out.clear();
    out.reserve(rows.entry.len());
    let prices = rows.entry.iter().zip(rows.price);
    let sizes = rows.collateral.iter().zip(rows.leverage).zip(rows.is_long);
    let lines = rows.threshold.iter().zip(rows.buffer);
    let all = prices.zip(sizes).zip(lines).enumerate();
    for (row, (((&entry, &price), ((&collateral, &leverage), &is_long)), (&threshold, &buffer))) in
        all
    {
        let side = Side::from_is_long(is_long);
        let asked = Row {
            entry,
            price,
            collateral,
            leverage,
            side,
            threshold,
            buffer,
        };
        let one = match quick_health(&asked) {
            Some(one) => one,
            None => health_row(&asked).map_err(|error| error.at_row(row))?,
        };
        out.push(&one);
    }
    Ok(())
}

fn health_row(row: &Row) -> Result<PositionHealth, CoreError> {
    health(
        PriceE10::new(row.entry).map_err(|error| error.named("entry_e10"))?,
        PriceE10::new(row.price).map_err(|error| error.named("price_e10"))?,
        UsdE6::new(row.collateral).map_err(|error| error.named("collateral_e6"))?,
        RatioE10::new(row.leverage).map_err(|error| error.named("leverage_e10"))?,
        row.side,
        RatioE10::new(row.threshold).map_err(|error| error.named("threshold_e10"))?,
        RatioE10::new(row.buffer).map_err(|error| error.named("buffer_e10"))?,
    )
}
