//! Numbers from the outside world: whatever they are, they become a value, not an exception.

use pyo3::exceptions::{PyOverflowError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyString};
use vanta_core::price::Number;

/// Longest text that can still be a number: a sign and 30 digits.
const MAX_CHARS: usize = 31;

/// A price or confidence as a source sent it; anything that is no number is `Malformed`.
pub(crate) fn number(any: &Bound<'_, PyAny>) -> Number {
    if let Ok(text) = any.cast::<PyString>() {
        if text.len().is_ok_and(|chars| chars <= MAX_CHARS) {
            // Fails for lone surrogates, which are no digits either.
            return text.to_str().map_or(Number::Malformed, Number::parse);
        }
        return Number::Malformed;
    }
    if any.is_instance_of::<PyBool>() {
        return Number::Malformed;
    }
    if let Ok(small) = any.extract::<i64>() {
        return Number::Int(small.into());
    }
    any.extract::<i128>()
        .map_or(Number::Malformed, Number::from_int)
}

/// An integer of any size, clamped to 64 bits.
///
/// # Errors
/// `TypeError` for anything that is not an integer.
pub(crate) fn saturated(name: &'static str, any: &Bound<'_, PyAny>) -> PyResult<i64> {
    any.extract::<i64>()
        .or_else(|error| clamp(name, any, &error, i64::MIN, i64::MAX))
}

/// An integer of any size, clamped to 128 bits.
///
/// # Errors
/// `TypeError` for anything that is not an integer.
pub(crate) fn sequence(name: &'static str, any: &Bound<'_, PyAny>) -> PyResult<i128> {
    if let Ok(small) = any.extract::<i64>() {
        return Ok(small.into());
    }
    // Beyond 128 bits there is no order left to keep: refused as malformed, like a negative one.
    any.extract::<i128>()
        .or_else(|error| clamp(name, any, &error, -1, -1))
}

/// An index, `None` when no feed can have it.
///
/// # Errors
/// `TypeError` for anything that is not an integer.
pub(crate) fn index(name: &'static str, any: &Bound<'_, PyAny>) -> PyResult<Option<u16>> {
    match any.extract::<u16>() {
        Ok(index) => Ok(Some(index)),
        Err(error) => clamp(name, any, &error, None, None),
    }
}

fn clamp<T>(
    name: &'static str,
    any: &Bound<'_, PyAny>,
    error: &PyErr,
    low: T,
    high: T,
) -> PyResult<T> {
    if error.is_instance_of::<PyOverflowError>(any.py()) {
        return Ok(if any.lt(0)? { low } else { high });
    }
    Err(PyTypeError::new_err(format!("{name} must be an integer")))
}
