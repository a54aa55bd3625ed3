//! Numbers from the outside world: whatever they are, they become a value, not an exception.

use pyo3::exceptions::PyOverflowError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyString};
use vanta_core::price::Number;

use crate::arrays::not_an_integer;

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
    whole::<i64>(name, any)?.or_else(|error| clamp(name, any, &error, i64::MIN, i64::MAX))
}

/// An integer of any size, clamped to 128 bits.
///
/// # Errors
/// `TypeError` for anything that is not an integer.
pub(crate) fn sequence(name: &'static str, any: &Bound<'_, PyAny>) -> PyResult<i128> {
    if let Ok(small) = whole::<i64>(name, any)? {
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
    match whole::<u16>(name, any)? {
        Ok(index) => Ok(Some(index)),
        Err(error) => clamp(name, any, &error, None, None),
    }
}

// What Python takes for an integer and we do not: a bool.
fn whole<'py, T>(name: &'static str, any: &Bound<'py, PyAny>) -> PyResult<PyResult<T>>
where
    T: for<'a> FromPyObject<'a, 'py, Error = PyErr>,
{
    if any.is_instance_of::<PyBool>() {
        return Err(not_an_integer(name, any));
    }
    Ok(any.extract::<T>())
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
    Err(not_an_integer(name, any))
}
