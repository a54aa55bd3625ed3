//! Python exceptions of the core and the one place where a core error becomes one of them.

use pyo3::exceptions::{PyArithmeticError, PyException, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyTuple, PyType};
use vanta_core::CoreError;

const MODULE: &str = "vanta._core";

static VANTA_ERROR: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static INVALID_INPUT: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static ARITHMETIC_OVERFLOW: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static ABI_ERROR: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static NONCE_ERROR: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static SEAL_ERROR: PyOnceLock<Py<PyType>> = PyOnceLock::new();

// Called as Python would: a class with two bases has no constructor in PyO3.
fn make(py: Python<'_>, name: &str, bases: &Bound<'_, PyTuple>, doc: &str) -> PyResult<Py<PyType>> {
    let body = PyDict::new(py);
    body.set_item("__module__", MODULE)?;
    body.set_item("__doc__", doc)?;
    let made = py.get_type::<PyType>().call1((name, bases, body))?;
    Ok(made.cast_into::<PyType>()?.unbind())
}

fn vanta_error(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    let made = VANTA_ERROR.get_or_try_init(py, || {
        let bases = PyTuple::new(py, [py.get_type::<PyException>()])?;
        make(
            py,
            "VantaError",
            &bases,
            "Root of everything the core raises.",
        )
    })?;
    Ok(made.bind(py))
}

fn invalid_input(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    let made = INVALID_INPUT.get_or_try_init(py, || {
        let bases = PyTuple::new(py, [vanta_error(py)?, &py.get_type::<PyValueError>()])?;
        make(
            py,
            "InvalidInput",
            &bases,
            "An argument is out of its range, shape or type.",
        )
    })?;
    Ok(made.bind(py))
}

fn arithmetic_overflow(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    let made = ARITHMETIC_OVERFLOW.get_or_try_init(py, || {
        let bases = PyTuple::new(py, [vanta_error(py)?, &py.get_type::<PyArithmeticError>()])?;
        make(
            py,
            "ArithmeticOverflow",
            &bases,
            "A product or sum does not fit its unit.",
        )
    })?;
    Ok(made.bind(py))
}

fn abi_error(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    let made = ABI_ERROR.get_or_try_init(py, || {
        let bases = PyTuple::new(py, [vanta_error(py)?, &py.get_type::<PyValueError>()])?;
        make(
            py,
            "AbiError",
            &bases,
            "Encoded bytes are malformed, or a value does not fit its type.",
        )
    })?;
    Ok(made.bind(py))
}

fn nonce_error(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    let made = NONCE_ERROR.get_or_try_init(py, || {
        let bases = PyTuple::new(py, [vanta_error(py)?, &py.get_type::<PyRuntimeError>()])?;
        make(
            py,
            "NonceError",
            &bases,
            "The nonce lane is not in a state that allows this.",
        )
    })?;
    Ok(made.bind(py))
}

fn seal_error(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    let made = SEAL_ERROR.get_or_try_init(py, || {
        let bases = PyTuple::new(py, [vanta_error(py)?, &py.get_type::<PyValueError>()])?;
        make(
            py,
            "SealError",
            &bases,
            "A sealed record does not open: wrong key, wrong owner or tampered.",
        )
    })?;
    Ok(made.bind(py))
}

fn raise(class: PyResult<&Bound<'_, PyType>>, text: String) -> PyErr {
    match class {
        Ok(class) => PyErr::from_type(class.clone(), (text,)),
        Err(error) => error,
    }
}

/// The Python exception of a core error.
#[expect(clippy::needless_pass_by_value, reason = "the shape `map_err` wants")]
pub(crate) fn to_py(error: CoreError) -> PyErr {
    let text = error.to_string();
    Python::attach(|py| raise(class_of(py, &error), text))
}

// No catch-all arm: a new variant must be given its exception before this compiles.
fn class_of<'py>(py: Python<'py>, error: &CoreError) -> PyResult<&'py Bound<'py, PyType>> {
    match error {
        CoreError::OutOfRange { .. } | CoreError::Invalid { .. } | CoreError::Unknown { .. } => {
            invalid_input(py)
        }
        CoreError::Overflow { .. } => arithmetic_overflow(py),
        CoreError::Abi { .. } => abi_error(py),
        CoreError::Nonce { .. } => nonce_error(py),
        CoreError::Seal { .. } => seal_error(py),
        CoreError::AtRow { error, .. } => class_of(py, error),
    }
}

/// Run `work` with the interpreter released and map its error.
///
/// `work` must not wait for a lock that some thread holds while it waits for the interpreter; no
/// code here does that.
pub(crate) fn detached<T: Send>(
    py: Python<'_>,
    work: impl FnOnce() -> Result<T, CoreError> + Send,
) -> PyResult<T> {
    py.detach(work).map_err(to_py)
}

/// `InvalidInput` about the argument `name`.
pub(crate) fn invalid(name: &'static str, reason: impl Into<String>) -> PyErr {
    to_py(CoreError::invalid(name, reason))
}

/// Add the exception classes to the module.
pub(crate) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = m.py();
    m.add("VantaError", vanta_error(py)?)?;
    m.add("InvalidInput", invalid_input(py)?)?;
    m.add("ArithmeticOverflow", arithmetic_overflow(py)?)?;
    m.add("AbiError", abi_error(py)?)?;
    m.add("NonceError", nonce_error(py)?)?;
    m.add("SealError", seal_error(py)?)?;
    Ok(())
}
