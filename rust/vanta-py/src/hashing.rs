//! Bindings of `vanta_core::hashing`.

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use vanta_core::CoreError;
use vanta_core::hashing::{HashKind, MacKind, Pbkdf2, Scrypt};

use crate::arrays::{OptionalArg, int};
use crate::errors::{detached, to_py};
use crate::words::{bytes, text};

#[pyfunction]
#[pyo3(signature = (algorithm, data))]
fn hash_bytes<'py>(
    py: Python<'py>,
    algorithm: &Bound<'_, PyAny>,
    data: &Bound<'_, PyAny>,
) -> PyResult<Bound<'py, PyBytes>> {
    let kind = HashKind::from_name(text("algorithm", algorithm)?).map_err(to_py)?;
    Ok(PyBytes::new(py, &kind.digest(bytes("data", data)?)))
}

#[pyfunction]
#[pyo3(signature = (algorithm, *, key, data))]
fn hmac_digest<'py>(
    py: Python<'py>,
    algorithm: &Bound<'_, PyAny>,
    key: &Bound<'_, PyAny>,
    data: &Bound<'_, PyAny>,
) -> PyResult<Bound<'py, PyBytes>> {
    let kind = MacKind::from_name(text("algorithm", algorithm)?).map_err(to_py)?;
    let mac = kind.mac(bytes("key", key)?, bytes("data", data)?);
    Ok(PyBytes::new(py, &mac))
}

#[pyfunction]
#[pyo3(signature = (algorithm, *, password, salt, length, iterations = OptionalArg::ABSENT,
    n = OptionalArg::ABSENT, r = OptionalArg::ABSENT, p = OptionalArg::ABSENT))]
#[expect(clippy::too_many_arguments, reason = "two algorithms, one name")]
fn derive_key<'py>(
    py: Python<'py>,
    algorithm: &Bound<'_, PyAny>,
    password: &Bound<'_, PyAny>,
    salt: &Bound<'_, PyAny>,
    length: &Bound<'_, PyAny>,
    iterations: OptionalArg<'_>,
    n: OptionalArg<'_>,
    r: OptionalArg<'_>,
    p: OptionalArg<'_>,
) -> PyResult<Bound<'py, PyBytes>> {
    let algorithm = text("algorithm", algorithm)?;
    let password = bytes("password", password)?;
    let salt = bytes("salt", salt)?;
    let length = int::<u64>("length", length)?;
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let cost = |name, given: OptionalArg<'_>| match given.given() {
        Some(any) => int::<u64>(name, &any).map(Some),
        None => Ok(None),
    };
    let costs = (
        cost("iterations", iterations)?,
        (cost("n", n)?, cost("r", r)?, cost("p", p)?),
    );
    let key = match (algorithm, costs) {
        ("pbkdf2-sha256", (Some(iterations), (None, None, None))) => {
            let kdf = Pbkdf2::sha256(iterations).map_err(to_py)?;
            detached(py, || kdf.derive(password, salt, length))
        }
        ("pbkdf2-sha512", (Some(iterations), (None, None, None))) => {
            let kdf = Pbkdf2::sha512(iterations).map_err(to_py)?;
            detached(py, || kdf.derive(password, salt, length))
        }
        ("scrypt", (None, (Some(n), Some(r), Some(p)))) => {
            let kdf = Scrypt::new(n, r, p).map_err(to_py)?;
            detached(py, || kdf.derive(password, salt, length))
        }
        _ => Err(to_py(CoreError::invalid(
            "algorithm",
            "must be pbkdf2-sha256 or pbkdf2-sha512 with iterations, or scrypt with n, r and p",
        ))),
    }?;
    Ok(PyBytes::new(py, &key))
}

/// Add the names of this file to the module.
pub(crate) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(hash_bytes, m)?)?;
    m.add_function(wrap_pyfunction!(hmac_digest, m)?)?;
    m.add_function(wrap_pyfunction!(derive_key, m)?)
}
