//! Calls, returns and events of the venue's contracts, encoded and decoded.
//! Bindings of `vanta_core::abi`.

mod orders;
mod trades;

use pyo3::prelude::*;

pub(crate) use orders::PyOpenOrders;

/// Add the names of this file to the module.
pub(crate) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(trades::open_trade_calldata, m)?)?;
    m.add_function(wrap_pyfunction!(trades::close_trade_calldata, m)?)?;
    m.add_class::<PyOpenOrders>()
}
