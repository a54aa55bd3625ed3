//! Bindings of `vanta_core::tx`.

mod address;
mod batch;
mod fields;
mod reading;
mod rlp;
mod signing;
mod transaction;

use pyo3::prelude::*;

/// Add the names of this folder to the module.
pub(crate) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    transaction::register(m)?;
    signing::register(m)?;
    batch::register(m)?;
    reading::register(m)?;
    rlp::register(m)?;
    address::register(m)
}
