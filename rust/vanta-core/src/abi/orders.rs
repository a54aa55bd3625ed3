//! Many opens, checked once and kept, so that writing (and signing) their calls costs only the
//! writing.

use alloy_primitives::Address;

use super::trades::{OpenTrade, OrderType, unsigned};
use crate::error::CoreError;
use crate::units::{PriceE10, RatioE10, UsdE6};

/// Whose orders: one trader for all rows, or one for each.
#[derive(Debug, Clone, Copy)]
pub enum Traders<'a> {
    /// The same for all rows.
    One(Address),
    /// Rows of 20 bytes, one after the other.
    Each(&'a [u8]),
}

/// Arguments of [`OpenOrders::new`], raw integers of the units of [`OpenTrade`], one array a field.
#[derive(Debug, Clone, Copy)]
pub struct OpenRows<'a> {
    /// Traders.
    pub trader: Traders<'a>,
    /// Pair indices.
    pub pair_index: &'a [u16],
    /// Collaterals.
    pub collateral: &'a [i64],
    /// Wanted prices.
    pub open_price: &'a [i64],
    /// True for a long.
    pub is_long: &'a [bool],
    /// Leverages.
    pub leverage: &'a [i64],
    /// Take profits, 0 = none.
    pub take_profit: &'a [i64],
    /// Stop losses, 0 = none.
    pub stop_loss: &'a [i64],
    /// The contract's numbers of [`OrderType`].
    pub order_type: &'a [u8],
    /// Slippages in percent.
    pub slippage: &'a [i64],
}

/// Opens that have been checked, ready to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenOrders {
    trades: Vec<OpenTrade>,
}

impl OpenOrders {
    /// Check n rows. All arrays must be as long as `pair_index`.
    ///
    /// # Errors
    /// `Invalid` for an array of another length, `AtRow` for the first wrong row.
    pub fn new(rows: &OpenRows<'_>) -> Result<Self, CoreError> {
        let n = rows.pair_index.len();
        let lengths = [
            ("collateral_e6", rows.collateral.len()),
            ("open_price_e10", rows.open_price.len()),
            ("is_long", rows.is_long.len()),
            ("leverage_e10", rows.leverage.len()),
            ("tp_e10", rows.take_profit.len()),
            ("sl_e10", rows.stop_loss.len()),
            ("order_type", rows.order_type.len()),
            ("slippage_e10", rows.slippage.len()),
        ];
        for (name, len) in lengths {
            if len != n {
                let reason = format!("has {len} rows, pair_index has {n}");
                return Err(CoreError::invalid(name, reason));
            }
        }
        if let Traders::Each(bytes) = rows.trader
            && bytes.len() != n.saturating_mul(20)
        {
            let reason = format!("has {} bytes, {n} rows need 20 each", bytes.len());
            return Err(CoreError::invalid("trader", reason));
        }
        let trades = (0..n)
            .map(|row| trade(rows, row).map_err(|error| error.at_row(row)))
            .collect::<Result<_, _>>()?;
        Ok(Self { trades })
    }

    /// How many orders.
    #[must_use]
    pub fn len(&self) -> usize {
        self.trades.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.trades.is_empty()
    }

    /// Order `row`.
    #[must_use]
    pub fn get(&self, row: usize) -> Option<&OpenTrade> {
        self.trades.get(row)
    }

    /// Append the call of order `row` to `out`: [`OpenTrade::CALLDATA`] bytes.
    ///
    /// # Errors
    /// `Invalid` when there is no such row.
    pub fn write_calldata(&self, row: usize, out: &mut Vec<u8>) -> Result<(), CoreError> {
        let trade = self.trades.get(row).ok_or_else(|| {
            CoreError::invalid("row", format!("{row} is beyond {} orders", self.len()))
        })?;
        let mut call = [0; OpenTrade::CALLDATA];
        trade.write(&mut call)?;
        out.extend_from_slice(&call);
        Ok(())
    }

    /// All calls, one after the other.
    ///
    /// # Errors
    /// None that the rows' check has not found already.
    pub fn calldata(&self) -> Result<Vec<u8>, CoreError> {
        let mut out = vec![0; self.len().saturating_mul(OpenTrade::CALLDATA)];
        let (calls, _) = out.as_chunks_mut::<{ OpenTrade::CALLDATA }>();
        for (trade, call) in self.trades.iter().zip(calls) {
            trade.write(call)?;
        }
        Ok(out)
    }
}

fn trade(rows: &OpenRows<'_>, row: usize) -> Result<OpenTrade, CoreError> {
    let price = |name, values| PriceE10::new(at(name, values, row)?).map_err(|e| e.named(name));
    let ratio = |name, values| RatioE10::new(at(name, values, row)?).map_err(|e| e.named(name));
    let collateral = UsdE6::new(at("collateral_e6", rows.collateral, row)?)
        .map_err(|error| error.named("collateral_e6"))?;
    unsigned("collateral_e6", collateral)?;
    Ok(OpenTrade {
        trader: match rows.trader {
            Traders::One(trader) => trader,
            Traders::Each(bytes) => {
                let (each, _) = bytes.as_chunks::<20>();
                Address::new(at("trader", each, row)?)
            }
        },
        pair_index: at("pair_index", rows.pair_index, row)?,
        collateral,
        open_price: price("open_price_e10", rows.open_price)?,
        is_long: at("is_long", rows.is_long, row)?,
        leverage: ratio("leverage_e10", rows.leverage)?,
        take_profit: price("tp_e10", rows.take_profit)?,
        stop_loss: price("sl_e10", rows.stop_loss)?,
        order_type: OrderType::new(at("order_type", rows.order_type, row)?)?,
        slippage: ratio("slippage_e10", rows.slippage)?,
    })
}

fn at<T: Copy>(name: &'static str, values: &[T], row: usize) -> Result<T, CoreError> {
    let missing = || CoreError::invalid(name, format!("has no row {row}"));
    values.get(row).copied().ok_or_else(missing)
}
