//! Values of any Solidity type across the border.
//!
//! Integers of any size are `int`, addresses 20 bytes, `bytesN` exactly N, tuples `tuple`, arrays
//! `list` (either is taken on the way in). What is of the right kind but does not fit is the core's
//! to refuse; an error's notes say where in the values it was.

use alloy_primitives::{B256, Function};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyList, PySequence, PyString, PyTuple};
use vanta_core::CoreError;
use vanta_core::abi::{DynSolType, DynSolValue, Field, parse_type};

use crate::arrays::type_name;
use crate::errors::to_py;
use crate::words::{self, address, bytes, i256, sint, u256, uint};

/// Types that are written as text.
pub(super) fn kinds(any: &Bound<'_, PyAny>) -> PyResult<Vec<DynSolType>> {
    let texts = items("types", any)?;
    texts
        .map(|text| {
            let given = text?;
            parse_type(words::text("types", &given)?).map_err(to_py)
        })
        .collect()
}

/// The values of an argument list; the core checks how many there must be.
pub(super) fn values(
    name: &'static str,
    kinds: &[DynSolType],
    any: &Bound<'_, PyAny>,
) -> PyResult<Vec<DynSolValue>> {
    let given = items(name, any)?;
    let mut out = Vec::with_capacity(kinds.len());
    let mut kinds = kinds.iter();
    for (index, item) in given.enumerate() {
        let Some(kind) = kinds.next() else {
            let reason = format!("has more items than the {} of its types", out.len());
            return Err(to_py(CoreError::abi(name, reason)));
        };
        let value = item.and_then(|item| value(name, kind, &item));
        out.push(value.map_err(|error| at(any.py(), error, index))?);
    }
    if kinds.len() > 0 {
        let reason = format!("has {} items, needs {}", out.len(), out.len() + kinds.len());
        return Err(to_py(CoreError::abi(name, reason)));
    }
    Ok(out)
}

fn value(name: &'static str, kind: &DynSolType, any: &Bound<'_, PyAny>) -> PyResult<DynSolValue> {
    Ok(match kind {
        DynSolType::Bool => match any.cast::<PyBool>() {
            Ok(flag) => DynSolValue::Bool(flag.is_true()),
            Err(_) => return Err(wrong(name, "a bool", any)),
        },
        DynSolType::Uint(bits) => DynSolValue::Uint(u256(name, any)?, *bits),
        DynSolType::Int(bits) => DynSolValue::Int(i256(name, any)?, *bits),
        DynSolType::Address => DynSolValue::Address(address(name, any)?),
        DynSolType::Bytes => DynSolValue::Bytes(bytes(name, any)?.to_vec()),
        DynSolType::FixedBytes(size) => {
            DynSolValue::FixedBytes(word(name, kind, any, *size)?, *size)
        }
        DynSolType::Function => {
            let word = word(name, kind, any, 24)?;
            DynSolValue::Function(Function::from_word(word))
        }
        DynSolType::String => DynSolValue::String(words::text(name, any)?.to_owned()),
        DynSolType::Array(element) => DynSolValue::Array(elements(name, element, any)?),
        DynSolType::FixedArray(element, _) => {
            DynSolValue::FixedArray(elements(name, element, any)?)
        }
        DynSolType::Tuple(kinds) => DynSolValue::Tuple(values(name, kinds, any)?),
        DynSolType::CustomStruct { tuple, .. } => DynSolValue::Tuple(values(name, tuple, any)?),
    })
}

fn elements(
    name: &'static str,
    kind: &DynSolType,
    any: &Bound<'_, PyAny>,
) -> PyResult<Vec<DynSolValue>> {
    let each = items(name, any)?.enumerate().map(|(index, item)| {
        let made = item.and_then(|item| value(name, kind, &item));
        made.map_err(|error| at(any.py(), error, index))
    });
    each.collect()
}

fn word(
    name: &'static str,
    kind: &DynSolType,
    any: &Bound<'_, PyAny>,
    size: usize,
) -> PyResult<B256> {
    let given = bytes(name, any)?;
    if given.len() != size {
        let reason = format!("has {} bytes, {kind} needs {size}", given.len());
        return Err(to_py(CoreError::abi(name, reason)));
    }
    Ok(B256::right_padding_from(given))
}

/// The items of a list or tuple, and of nothing else: a str or a dict would be somebody's mistake.
pub(super) fn items<'py>(
    name: &'static str,
    any: &Bound<'py, PyAny>,
) -> PyResult<impl Iterator<Item = PyResult<Bound<'py, PyAny>>>> {
    if !any.is_instance_of::<PyTuple>() && !any.is_instance_of::<PyList>() {
        return Err(wrong(name, "a list or tuple", any));
    }
    any.cast::<PySequence>()?.try_iter()
}

fn wrong(name: &str, wanted: &str, any: &Bound<'_, PyAny>) -> PyErr {
    PyTypeError::new_err(format!("{name} must be {wanted}, not {}", type_name(any)))
}

fn at(py: Python<'_>, error: PyErr, index: usize) -> PyErr {
    // Only to help whoever reads it: an error without its note is still the error.
    let _ = error.add_note(py, format!("at index {index}"));
    error
}

/// Values as a tuple, nested tuples as tuples.
pub(super) fn tuple<'py>(py: Python<'py>, values: &[DynSolValue]) -> PyResult<Bound<'py, PyTuple>> {
    let made = values.iter().map(|value| plain(py, value));
    PyTuple::new(py, made.collect::<PyResult<Vec<_>>>()?)
}

fn plain<'py>(py: Python<'py>, value: &DynSolValue) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        DynSolValue::Bool(flag) => PyBool::new(py, *flag).to_owned().into_any(),
        DynSolValue::Int(number, _) => sint(py, *number)?,
        DynSolValue::Uint(number, _) => uint(py, *number)?,
        DynSolValue::FixedBytes(word, size) => {
            PyBytes::new(py, word.get(..*size).unwrap_or_default()).into_any()
        }
        DynSolValue::Address(address) => PyBytes::new(py, address.as_slice()).into_any(),
        DynSolValue::Function(function) => PyBytes::new(py, function.as_slice()).into_any(),
        DynSolValue::Bytes(bytes) => PyBytes::new(py, bytes).into_any(),
        DynSolValue::String(text) => PyString::new(py, text).into_any(),
        DynSolValue::Array(values) | DynSolValue::FixedArray(values) => {
            let made = values.iter().map(|value| plain(py, value));
            PyList::new(py, made.collect::<PyResult<Vec<_>>>()?)?.into_any()
        }
        DynSolValue::Tuple(values) | DynSolValue::CustomStruct { tuple: values, .. } => {
            tuple(py, values)?.into_any()
        }
    })
}

/// Values by the names of their fields; a field without name is called by its place.
pub(super) fn named<'py>(
    py: Python<'py>,
    fields: &[Field],
    values: &[DynSolValue],
) -> PyResult<Bound<'py, PyDict>> {
    let made = PyDict::new(py);
    for (index, (field, value)) in fields.iter().zip(values).enumerate() {
        let value = match value {
            DynSolValue::Tuple(inner) if !field.components.is_empty() => {
                named(py, &field.components, inner)?.into_any()
            }
            other => plain(py, other)?,
        };
        if field.name.is_empty() {
            made.set_item(index.to_string(), value)?;
        } else {
            made.set_item(&field.name, value)?;
        }
    }
    Ok(made)
}
