//! Orders that stay in the core between being checked, written and signed.

use numpy::PyArray1;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use vanta_core::abi::{OpenOrders, OpenRows, Traders};

use crate::arrays::{array, array_like};
use crate::errors::detached;
use crate::words::address;

/// n checked opens.
#[pyclass(frozen, module = "vanta._core", name = "OpenOrders")]
pub(crate) struct PyOpenOrders(OpenOrders);

impl PyOpenOrders {
    /// The orders, for whoever writes or signs them.
    pub(crate) fn orders(&self) -> &OpenOrders {
        &self.0
    }
}

#[pymethods]
impl PyOpenOrders {
    #[new]
    #[pyo3(signature = (
        *, trader, pair_index, collateral_e6, open_price_e10, is_long, leverage_e10, tp_e10, sl_e10,
        order_type, slippage_e10
    ))]
    #[expect(clippy::too_many_arguments, reason = "one array per field, by keyword")]
    fn new(
        py: Python<'_>,
        trader: &Bound<'_, PyAny>,
        pair_index: &Bound<'_, PyAny>,
        collateral_e6: &Bound<'_, PyAny>,
        open_price_e10: &Bound<'_, PyAny>,
        is_long: &Bound<'_, PyAny>,
        leverage_e10: &Bound<'_, PyAny>,
        tp_e10: &Bound<'_, PyAny>,
        sl_e10: &Bound<'_, PyAny>,
        order_type: &Bound<'_, PyAny>,
        slippage_e10: &Bound<'_, PyAny>,
    ) -> PyResult<Self> {
        let pair_index: Vec<u16> = array("pair_index", pair_index)?;
        let (n, like) = (pair_index.len(), "pair_index");
        let collateral: Vec<i64> = array_like("collateral_e6", collateral_e6, n, like)?;
        let open_price: Vec<i64> = array_like("open_price_e10", open_price_e10, n, like)?;
        let is_long: Vec<bool> = array_like("is_long", is_long, n, like)?;
        let leverage: Vec<i64> = array_like("leverage_e10", leverage_e10, n, like)?;
        let take_profit: Vec<i64> = array_like("tp_e10", tp_e10, n, like)?;
        let stop_loss: Vec<i64> = array_like("sl_e10", sl_e10, n, like)?;
        let order_type: Vec<u8> = array_like("order_type", order_type, n, like)?;
        let slippage: Vec<i64> = array_like("slippage_e10", slippage_e10, n, like)?;
        let each: Vec<u8>;
        let trader = if trader.is_instance_of::<PyBytes>() {
            Traders::One(address("trader", trader)?)
        } else {
            each = array("trader", trader)?;
            Traders::Each(&each)
        };
        detached(py, || {
            OpenOrders::new(&OpenRows {
                trader,
                pair_index: &pair_index,
                collateral: &collateral,
                open_price: &open_price,
                is_long: &is_long,
                leverage: &leverage,
                take_profit: &take_profit,
                stop_loss: &stop_loss,
                order_type: &order_type,
                slippage: &slippage,
            })
        })
        .map(Self)
    }

    fn __len__(&self) -> usize {
        self.orders().len()
    }

    /// All calls, 420 bytes each, one after the other.
    fn calldata(&self, py: Python<'_>) -> PyResult<Py<PyArray1<u8>>> {
        let out = detached(py, || self.orders().calldata())?;
        Ok(PyArray1::from_vec(py, out).unbind())
    }
}
