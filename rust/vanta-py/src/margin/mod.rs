//! Bindings of `vanta_core::margin`, a file per question.

mod batches;
mod copies;
mod fees;
mod net;
mod onchain;
mod orders;
mod position;
mod stops;
mod words;

use pyo3::prelude::*;

/// Add the margin functions to the module.
pub(crate) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    position::register(m)?;
    batches::register(m)?;
    fees::register(m)?;
    net::register(m)?;
    onchain::register(m)?;
    stops::register(m)?;
    orders::register(m)?;
    copies::register(m)
}
