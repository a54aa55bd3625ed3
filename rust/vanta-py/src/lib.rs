//! Python module `vanta._core`: thin bindings of `vanta-core`, one file per core module.
//!
//! A binding converts in, calls one core function and converts out. Batches copy their arrays and
//! release the interpreter while they compute. The module keeps no state of its own, so it is safe
//! on interpreters without a global lock.

mod abi;
mod arrays;
mod curve;
mod eip712;
mod errors;
mod fees;
mod hashing;
mod keyring;
mod margin;
mod nonce;
mod price;
mod risk;
mod seal;
mod shared;
mod trigger;
mod tx;
mod webhook;
mod words;

use pyo3::prelude::*;

/// Fill the module.
#[pymodule(gil_used = false)]
fn _core(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add("__version__", env!("CARGO_PKG_VERSION"))?;
    m.add(
        "build_profile",
        if cfg!(debug_assertions) {
            "debug"
        } else {
            "release"
        },
    )?;
    errors::register(m)?;
    price::register(m)?;
    margin::register(m)?;
    risk::register(m)?;
    trigger::register(m)?;
    abi::register(m)?;
    eip712::register(m)?;
    tx::register(m)?;
    nonce::register(m)?;
    fees::register(m)?;
    hashing::register(m)?;
    seal::register(m)?;
    keyring::register(m)?;
    webhook::register(m)?;
    // Every name is public, which is what a module without `__all__` says, and the stub has none.
    m.delattr("__all__")?;
    Ok(())
}
