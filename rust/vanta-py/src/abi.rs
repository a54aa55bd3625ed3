//! Calls, returns, events and errors of the venue's contracts, encoded and decoded.
//! Bindings of `vanta_core::abi`.

mod codec;
mod orders;
mod table;
mod trades;
mod values;

use pyo3::prelude::*;

pub(crate) use orders::PyOpenOrders;

/// Add the names of this file to the module.
pub(crate) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(trades::open_trade_calldata, m)?)?;
    m.add_function(wrap_pyfunction!(trades::close_trade_calldata, m)?)?;
    m.add_function(wrap_pyfunction!(codec::abi_encode, m)?)?;
    m.add_function(wrap_pyfunction!(codec::abi_encode_packed, m)?)?;
    m.add_function(wrap_pyfunction!(codec::abi_decode, m)?)?;
    m.add_function(wrap_pyfunction!(codec::selector, m)?)?;
    m.add_function(wrap_pyfunction!(codec::keccak256, m)?)?;
    m.add_function(wrap_pyfunction!(codec::append_builder_code, m)?)?;
    m.add_function(wrap_pyfunction!(codec::split_builder_code, m)?)?;
    m.add_class::<table::PyEvent>()?;
    m.add_class::<table::PyAbiTable>()?;
    m.add_class::<PyOpenOrders>()
}
