//! Bindings of `vanta_core::seal`.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyTuple};
use vanta_core::CoreError;
use vanta_core::seal::{Algorithm, Context, Info, Kek, info, rewrap, seal, unseal};
use zeroize::Zeroizing;

use crate::arrays::{OptionalArg, int, type_name};
use crate::errors::{invalid, to_py};
use crate::words::{bytes, fixed, text};

const MAX_KEKS: usize = 64;

/// A key that wraps data keys.
#[pyclass(name = "Kek", frozen, module = "vanta._core")]
pub(crate) struct PyKek(Kek);

#[pymethods]
impl PyKek {
    #[new]
    #[pyo3(signature = (key, *, id, version, wrapped_dek = OptionalArg::ABSENT))]
    fn new(
        key: &Bound<'_, PyAny>,
        id: &Bound<'_, PyAny>,
        version: &Bound<'_, PyAny>,
        wrapped_dek: OptionalArg<'_>,
    ) -> PyResult<Self> {
        let key = Zeroizing::new(fixed("key", key)?);
        let id = text("id", id)?;
        let version = int("version", version)?;
        let made = match wrapped_dek.given() {
            None => Kek::local(id, version, key),
            Some(wrapped) => Kek::external(id, version, key, bytes("wrapped_dek", &wrapped)?),
        };
        made.map(Self).map_err(to_py)
    }

    #[getter]
    fn id(&self) -> &str {
        self.0.id()
    }

    #[getter]
    fn version(&self) -> u32 {
        self.0.version()
    }

    fn __repr__(&self) -> String {
        format!("{:?}", self.0)
    }
}

/// What a record says of itself.
#[pyclass(name = "SealInfo", frozen, module = "vanta._core")]
struct PySealInfo(Info);

#[pymethods]
impl PySealInfo {
    #[getter]
    fn kek_id(&self) -> &str {
        &self.0.kek_id
    }

    #[getter]
    fn kek_version(&self) -> u32 {
        self.0.kek_version
    }

    #[getter]
    fn is_external(&self) -> bool {
        self.0.algorithm == Algorithm::External
    }

    #[getter]
    fn wrapped_dek<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.wrapped_dek)
    }

    fn __repr__(&self) -> String {
        format!(
            "SealInfo(kek_id='{}', kek_version={}, is_external={})",
            self.0.kek_id,
            self.0.kek_version,
            if self.is_external() { "True" } else { "False" }
        )
    }
}

/// The argument `name`, a [`Kek`].
pub(crate) fn kek<'a>(name: &'static str, any: &'a Bound<'_, PyAny>) -> PyResult<&'a Kek> {
    match any.cast::<PyKek>() {
        Ok(kek) => Ok(&kek.get().0),
        Err(_) => Err(PyTypeError::new_err(format!(
            "{name} must be Kek, not {}",
            type_name(any)
        ))),
    }
}

/// The argument `keks`, a list or tuple of at most 64 [`Kek`]s.
pub(crate) fn keks(any: &Bound<'_, PyAny>) -> PyResult<Vec<Kek>> {
    if !any.is_instance_of::<PyList>() && !any.is_instance_of::<PyTuple>() {
        return Err(PyTypeError::new_err(format!(
            "keks must be a list or tuple of Kek, not {}",
            type_name(any)
        )));
    }
    let count = any.len()?;
    if count > MAX_KEKS {
        return Err(invalid(
            "keks",
            format!("has {count} keys, the limit is {MAX_KEKS}"),
        ));
    }
    any.try_iter()?
        .map(|each| kek("keks", &each?).cloned())
        .collect()
}

struct Bounds<'a, 'py> {
    owner: &'a Bound<'py, PyAny>,
    subject: &'a Bound<'py, PyAny>,
    family: &'a Bound<'py, PyAny>,
    purpose: &'a Bound<'py, PyAny>,
}

impl<'a> Bounds<'a, '_> {
    fn context(&self) -> PyResult<Context<'a>> {
        Context::new(
            text("owner", self.owner)?,
            bytes("subject", self.subject)?,
            text("family", self.family)?,
            text("purpose", self.purpose)?,
        )
        .map_err(to_py)
    }
}

#[pyfunction(name = "seal")]
#[pyo3(signature = (secret, *, kek, owner, subject, family, purpose, entropy))]
#[expect(clippy::too_many_arguments, reason = "who, whose, where, what for")]
fn py_seal<'py>(
    py: Python<'py>,
    secret: &Bound<'_, PyAny>,
    kek: &Bound<'_, PyAny>,
    owner: &Bound<'_, PyAny>,
    subject: &Bound<'_, PyAny>,
    family: &Bound<'_, PyAny>,
    purpose: &Bound<'_, PyAny>,
    entropy: &Bound<'_, PyAny>,
) -> PyResult<Bound<'py, PyBytes>> {
    let secret = bytes("secret", secret)?;
    let kek = self::kek("kek", kek)?;
    let bounds = Bounds {
        owner,
        subject,
        family,
        purpose,
    };
    let entropy = Zeroizing::new(fixed("entropy", entropy)?);
    let record = seal(secret, kek, &bounds.context()?, &entropy).map_err(to_py)?;
    Ok(PyBytes::new(py, &record))
}

#[pyfunction(name = "unseal")]
#[pyo3(signature = (record, *, keks, owner, subject, family, purpose))]
fn py_unseal<'py>(
    py: Python<'py>,
    record: &Bound<'_, PyAny>,
    keks: &Bound<'_, PyAny>,
    owner: &Bound<'_, PyAny>,
    subject: &Bound<'_, PyAny>,
    family: &Bound<'_, PyAny>,
    purpose: &Bound<'_, PyAny>,
) -> PyResult<Bound<'py, PyBytes>> {
    let record = bytes("record", record)?;
    let keks = self::keks(keks)?;
    let bounds = Bounds {
        owner,
        subject,
        family,
        purpose,
    };
    let secret = unseal(record, &keks, &bounds.context()?).map_err(to_py)?;
    Ok(PyBytes::new(py, &secret))
}

#[pyfunction(name = "rewrap")]
#[pyo3(signature = (record, *, old_kek, new_kek, entropy))]
fn py_rewrap<'py>(
    py: Python<'py>,
    record: &Bound<'_, PyAny>,
    old_kek: &Bound<'_, PyAny>,
    new_kek: &Bound<'_, PyAny>,
    entropy: &Bound<'_, PyAny>,
) -> PyResult<Bound<'py, PyBytes>> {
    let record = bytes("record", record)?;
    let old = kek("old_kek", old_kek)?;
    let new = kek("new_kek", new_kek)?;
    let entropy = Zeroizing::new(fixed("entropy", entropy)?);
    let renewed = rewrap(record, old, new, &entropy).map_err(to_py)?;
    Ok(PyBytes::new(py, &renewed))
}

#[pyfunction]
#[pyo3(signature = (record))]
fn seal_info(record: &Bound<'_, PyAny>) -> PyResult<PySealInfo> {
    let said: Result<Info, CoreError> = info(bytes("record", record)?);
    said.map(PySealInfo).map_err(to_py)
}

/// Add the names of this file to the module.
pub(crate) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PyKek>()?;
    m.add_class::<PySealInfo>()?;
    m.add_function(wrap_pyfunction!(py_seal, m)?)?;
    m.add_function(wrap_pyfunction!(py_unseal, m)?)?;
    m.add_function(wrap_pyfunction!(py_rewrap, m)?)?;
    m.add_function(wrap_pyfunction!(seal_info, m)?)
}
