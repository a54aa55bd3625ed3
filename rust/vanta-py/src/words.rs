//! 256-bit words, addresses, hashes and bytes across the border.
//!
//! Python integers of any size become `U256`/`I256` and back; addresses and hashes are `bytes` of 20
//! and 32, never hex text.

use alloy_primitives::{Address, B256, I256, U256};
use pyo3::exceptions::{PyTypeError, PyUnicodeEncodeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyInt, PyString};

use crate::arrays::{not_an_integer, shorten, type_name};
use crate::errors::invalid;

/// The unsigned integer argument `name`, at most 256 bits.
///
/// # Errors
/// `TypeError` for anything that is not an integer, `InvalidInput` when negative or too large.
pub(crate) fn u256(name: &'static str, any: &Bound<'_, PyAny>) -> PyResult<U256> {
    let int = integer(name, any)?;
    if let Ok(small) = int.extract::<u64>() {
        return Ok(U256::from(small));
    }
    let word = little_endian(int, false)
        .map_err(|_| invalid(name, format!("{} does not fit uint256", shorten(any))))?;
    Ok(U256::from_le_bytes(word))
}

/// The amount of wei `name`, at most 128 bits: more than all ether there is.
///
/// # Errors
/// `TypeError` for anything that is not an integer, `InvalidInput` when negative or too large.
pub(crate) fn wei(name: &'static str, any: &Bound<'_, PyAny>) -> PyResult<u128> {
    u128::try_from(u256(name, any)?)
        .map_err(|_| invalid(name, format!("{} does not fit 128 bits", shorten(any))))
}

/// The signed integer argument `name`, at most 256 bits.
///
/// # Errors
/// `TypeError` for anything that is not an integer, `InvalidInput` when it does not fit.
pub(crate) fn i256(name: &'static str, any: &Bound<'_, PyAny>) -> PyResult<I256> {
    let int = integer(name, any)?;
    let word = little_endian(int, true)
        .map_err(|_| invalid(name, format!("{} does not fit int256", shorten(any))))?;
    Ok(I256::from_raw(U256::from_le_bytes(word)))
}

/// A word as a Python integer.
///
/// # Errors
/// Only when Python is out of memory.
pub(crate) fn uint(py: Python<'_>, word: U256) -> PyResult<Bound<'_, PyAny>> {
    match u64::try_from(word) {
        Ok(small) => Ok(small.into_pyobject(py)?.into_any()),
        Err(_) => from_little_endian(py, word, false),
    }
}

/// A signed word as a Python integer.
///
/// # Errors
/// Only when Python is out of memory.
pub(crate) fn sint(py: Python<'_>, word: I256) -> PyResult<Bound<'_, PyAny>> {
    match i64::try_from(word) {
        Ok(small) => Ok(small.into_pyobject(py)?.into_any()),
        Err(_) => from_little_endian(py, word.into_raw(), true),
    }
}

/// The bytes argument `name`, borrowed.
///
/// # Errors
/// `TypeError` for anything that is not `bytes`.
pub(crate) fn bytes<'a>(name: &'static str, any: &'a Bound<'_, PyAny>) -> PyResult<&'a [u8]> {
    match any.cast::<PyBytes>() {
        Ok(bytes) => Ok(bytes.as_bytes()),
        Err(_) => Err(PyTypeError::new_err(format!(
            "{name} must be bytes, not {}",
            type_name(any)
        ))),
    }
}

/// The text argument `name`, borrowed.
///
/// # Errors
/// `TypeError` for anything that is not `str`; `InvalidInput` for text that is not Unicode.
pub(crate) fn text<'a>(name: &'static str, any: &'a Bound<'_, PyAny>) -> PyResult<&'a str> {
    match any.cast::<PyString>() {
        Ok(text) => text
            .to_str()
            .map_err(|_| invalid(name, "has a lone surrogate")),
        Err(_) => Err(PyTypeError::new_err(format!(
            "{name} must be str, not {}",
            type_name(any)
        ))),
    }
}

/// A word of a closed set. Text that is not Unicode is no such word, and refused as any other.
#[derive(Clone, Copy)]
pub(crate) struct Word<'a>(pub(crate) &'a str);

impl<'a, 'py> FromPyObject<'a, 'py> for Word<'a> {
    type Error = PyErr;

    fn extract(given: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        match given.extract::<&'a str>() {
            Ok(word) => Ok(Self(word)),
            Err(error) if error.is_instance_of::<PyUnicodeEncodeError>(given.py()) => {
                Ok(Self("\u{fffd}"))
            }
            Err(error) => Err(error),
        }
    }
}

/// The bytes argument `name`, exactly `N` long.
///
/// # Errors
/// As [`bytes`], and `InvalidInput` for another length.
pub(crate) fn fixed<const N: usize>(
    name: &'static str,
    any: &Bound<'_, PyAny>,
) -> PyResult<[u8; N]> {
    let given = bytes(name, any)?;
    given
        .try_into()
        .map_err(|_| invalid(name, format!("has {} bytes, must have {N}", given.len())))
}

/// The address argument `name`: 20 bytes.
///
/// # Errors
/// As [`fixed`].
pub(crate) fn address(name: &'static str, any: &Bound<'_, PyAny>) -> PyResult<Address> {
    fixed(name, any).map(Address::new)
}

/// The hash argument `name`: 32 bytes.
///
/// # Errors
/// As [`fixed`].
pub(crate) fn hash(name: &'static str, any: &Bound<'_, PyAny>) -> PyResult<B256> {
    fixed(name, any).map(B256::new)
}

fn integer<'a, 'py>(
    name: &'static str,
    any: &'a Bound<'py, PyAny>,
) -> PyResult<&'a Bound<'py, PyInt>> {
    // To Python a bool is an integer; here it is somebody's mistake.
    if any.is_instance_of::<PyBool>() {
        return Err(not_an_integer(name, any));
    }
    any.cast::<PyInt>().map_err(|_| not_an_integer(name, any))
}

fn little_endian(int: &Bound<'_, PyInt>, signed: bool) -> PyResult<[u8; 32]> {
    let py = int.py();
    let (name, places) = (intern!(py, "to_bytes"), (32, intern!(py, "little")));
    // Keywords double the time of the call, and every nonce of an intent is such a number.
    let made = if signed {
        let options = PyDict::new(py);
        options.set_item(intern!(py, "signed"), true)?;
        int.call_method(name, places, Some(&options))?
    } else {
        int.call_method1(name, places)?
    };
    fixed("word", &made)
}

fn from_little_endian(py: Python<'_>, word: U256, signed: bool) -> PyResult<Bound<'_, PyAny>> {
    let options = PyDict::new(py);
    options.set_item(intern!(py, "signed"), signed)?;
    py.get_type::<PyInt>().call_method(
        intern!(py, "from_bytes"),
        (
            PyBytes::new(py, &word.to_le_bytes::<32>()),
            intern!(py, "little"),
        ),
        Some(&options),
    )
}
