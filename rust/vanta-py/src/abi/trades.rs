//! The two calls of the hot path.

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use vanta_core::abi::{CloseTrade, OpenTrade, OrderType};

use crate::arrays::int;
use crate::errors::to_py;
use crate::words::address;

/// Calldata of `openTrade`, 420 bytes.
#[pyfunction]
#[pyo3(signature = (
    trader, *, pair_index, collateral_e6, open_price_e10, is_long, leverage_e10, tp_e10, sl_e10,
    order_type, slippage_e10
))]
#[expect(clippy::too_many_arguments, reason = "one per field, by keyword")]
pub(super) fn open_trade_calldata<'py>(
    py: Python<'py>,
    trader: &Bound<'py, PyAny>,
    pair_index: &Bound<'py, PyAny>,
    collateral_e6: &Bound<'py, PyAny>,
    open_price_e10: &Bound<'py, PyAny>,
    is_long: bool,
    leverage_e10: &Bound<'py, PyAny>,
    tp_e10: &Bound<'py, PyAny>,
    sl_e10: &Bound<'py, PyAny>,
    order_type: &Bound<'py, PyAny>,
    slippage_e10: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyBytes>> {
    let trade = OpenTrade {
        trader: address("trader", trader)?,
        pair_index: int("pair_index", pair_index)?,
        collateral: int("collateral_e6", collateral_e6)?,
        open_price: int("open_price_e10", open_price_e10)?,
        is_long,
        leverage: int("leverage_e10", leverage_e10)?,
        take_profit: int("tp_e10", tp_e10)?,
        stop_loss: int("sl_e10", sl_e10)?,
        order_type: OrderType::new(int("order_type", order_type)?).map_err(to_py)?,
        slippage: int("slippage_e10", slippage_e10)?,
    };
    let mut call = [0; OpenTrade::CALLDATA];
    trade.write(&mut call).map_err(to_py)?;
    Ok(PyBytes::new(py, &call))
}

/// Calldata of `closeTradeMarket` with a wanted price, 132 bytes.
#[pyfunction]
#[pyo3(signature = (*, pair_index, index, amount_e6, wanted_price_e10))]
pub(super) fn close_trade_calldata<'py>(
    py: Python<'py>,
    pair_index: &Bound<'py, PyAny>,
    index: &Bound<'py, PyAny>,
    amount_e6: &Bound<'py, PyAny>,
    wanted_price_e10: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyBytes>> {
    let trade = CloseTrade {
        pair_index: int("pair_index", pair_index)?,
        index: int("index", index)?,
        amount: int("amount_e6", amount_e6)?,
        wanted_price: int("wanted_price_e10", wanted_price_e10)?,
    };
    let mut call = [0; CloseTrade::CALLDATA];
    trade.write(&mut call).map_err(to_py)?;
    Ok(PyBytes::new(py, &call))
}
