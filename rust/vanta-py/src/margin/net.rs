//! What a position is worth after everything that is taken from it.

use pyo3::prelude::*;
use vanta_core::margin::{self, FixedFee, NetPnl, Owed, Side};
use vanta_core::units::{PercentE10, UsdE6};

use super::words::{OwnedTiers, fee_base, tier_rule};
use crate::arrays::{OptionalArg, int, int_or};
use crate::errors::to_py;
use crate::words::Word;

/// Net profit, part by part.
#[pyclass(frozen, module = "vanta._core", name = "NetPnl", get_all)]
#[expect(clippy::struct_field_names, reason = "the unit, as Python sees it")]
struct PyNetPnl {
    /// `gross_pnl`: not bounded by the collateral.
    gross_e6: i64,
    closing_fee_e6: i64,
    loss_protection_e6: i64,
    profit_share_e6: i64,
    net_e6: i64,
}

impl From<NetPnl> for PyNetPnl {
    fn from(one: NetPnl) -> Self {
        Self {
            gross_e6: one.gross.get(),
            closing_fee_e6: one.closing_fee.get(),
            loss_protection_e6: one.loss_protection.get(),
            profit_share_e6: one.profit_share.get(),
            net_e6: one.net.get(),
        }
    }
}

/// Net profit of a position that pays fees.
#[pyfunction]
#[pyo3(signature = (
    *, entry_e10, price_e10, collateral_e6, leverage_e10, is_long, rollover_e6, funding_e6,
    close_fee_p_e10, fee_discount_p_e10=OptionalArg::ABSENT, loss_protection_p_e10=OptionalArg::ABSENT,
    close_fee_base=Word("notional")
), text_signature = "(*, entry_e10, price_e10, collateral_e6, leverage_e10, is_long, rollover_e6, funding_e6, close_fee_p_e10, fee_discount_p_e10=0, loss_protection_p_e10=0, close_fee_base='notional')")]
#[expect(clippy::too_many_arguments, reason = "one figure each, by keyword")]
fn net_pnl(
    entry_e10: &Bound<'_, PyAny>,
    price_e10: &Bound<'_, PyAny>,
    collateral_e6: &Bound<'_, PyAny>,
    leverage_e10: &Bound<'_, PyAny>,
    is_long: bool,
    rollover_e6: &Bound<'_, PyAny>,
    funding_e6: &Bound<'_, PyAny>,
    close_fee_p_e10: &Bound<'_, PyAny>,
    fee_discount_p_e10: OptionalArg<'_>,
    loss_protection_p_e10: OptionalArg<'_>,
    close_fee_base: Word<'_>,
) -> PyResult<PyNetPnl> {
    let position = Owed {
        entry: int("entry_e10", entry_e10)?,
        price: int("price_e10", price_e10)?,
        collateral: int("collateral_e6", collateral_e6)?,
        leverage: int("leverage_e10", leverage_e10)?,
        side: Side::from_is_long(is_long),
        rollover: int("rollover_e6", rollover_e6)?,
        funding: int("funding_e6", funding_e6)?,
    };
    let none = PercentE10::ZERO;
    let terms = FixedFee {
        close_fee: int("close_fee_p_e10", close_fee_p_e10)?,
        discount: int_or("fee_discount_p_e10", fee_discount_p_e10, none)?,
        loss_protection: int_or("loss_protection_p_e10", loss_protection_p_e10, none)?,
        base: fee_base(close_fee_base.0)?,
    };
    margin::net_pnl(&position, &terms)
        .map(PyNetPnl::from)
        .map_err(to_py)
}

/// Net profit of an Upside position: a share of a profit instead of fees.
#[pyfunction]
#[pyo3(signature = (
    *, entry_e10, price_e10, collateral_e6, leverage_e10, is_long, rollover_e6, funding_e6,
    thresholds_p_e10, fees_p_e10, rule=Word("highest_met")
), text_signature = "(*, entry_e10, price_e10, collateral_e6, leverage_e10, is_long, rollover_e6, funding_e6, thresholds_p_e10, fees_p_e10, rule='highest_met')")]
#[expect(clippy::too_many_arguments, reason = "one figure each, by keyword")]
fn net_pnl_upside(
    entry_e10: &Bound<'_, PyAny>,
    price_e10: &Bound<'_, PyAny>,
    collateral_e6: &Bound<'_, PyAny>,
    leverage_e10: &Bound<'_, PyAny>,
    is_long: bool,
    rollover_e6: &Bound<'_, PyAny>,
    funding_e6: &Bound<'_, PyAny>,
    thresholds_p_e10: &Bound<'_, PyAny>,
    fees_p_e10: &Bound<'_, PyAny>,
    rule: Word<'_>,
) -> PyResult<PyNetPnl> {
    let position = Owed {
        entry: int("entry_e10", entry_e10)?,
        price: int("price_e10", price_e10)?,
        collateral: int("collateral_e6", collateral_e6)?,
        leverage: int("leverage_e10", leverage_e10)?,
        side: Side::from_is_long(is_long),
        rollover: int("rollover_e6", rollover_e6)?,
        funding: int("funding_e6", funding_e6)?,
    };
    let tiers = OwnedTiers::read(thresholds_p_e10, fees_p_e10)?;
    margin::net_pnl_upside(&position, &tiers.tiers(), tier_rule(rule.0)?)
        .map(PyNetPnl::from)
        .map_err(to_py)
}

/// What the contract pays out at a close; 0 at or below the liquidation remainder.
#[pyfunction]
#[pyo3(signature = (*, collateral_e6, pnl_e6, charges_e6, threshold_e10))]
fn closing_payout(
    collateral_e6: &Bound<'_, PyAny>,
    pnl_e6: &Bound<'_, PyAny>,
    charges_e6: &Bound<'_, PyAny>,
    threshold_e10: &Bound<'_, PyAny>,
) -> PyResult<i64> {
    margin::closing_payout(
        int("collateral_e6", collateral_e6)?,
        int("pnl_e6", pnl_e6)?,
        int("charges_e6", charges_e6)?,
        int("threshold_e10", threshold_e10)?,
    )
    .map(UsdE6::get)
    .map_err(to_py)
}

/// Add the functions to the module.
pub(crate) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(net_pnl, m)?)?;
    m.add_function(wrap_pyfunction!(net_pnl_upside, m)?)?;
    m.add_function(wrap_pyfunction!(closing_payout, m)?)?;
    m.add_class::<PyNetPnl>()
}
