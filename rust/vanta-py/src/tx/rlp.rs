//! Nested lists of bytes to RLP and back.

use std::borrow::Cow;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyTuple};
use vanta_core::tx::rlp::{self, Item};

use super::fields::items;
use crate::arrays::type_name;
use crate::errors::to_py;
use crate::words::bytes;

/// Write nested lists of bytes.
#[pyfunction]
#[pyo3(signature = (item))]
fn rlp_encode<'py>(py: Python<'py>, item: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
    let encoded = rlp::encode(&item_in(item, 0)?).map_err(to_py)?;
    Ok(PyBytes::new(py, &encoded))
}

/// Read the one item that `data` encodes.
#[pyfunction]
#[pyo3(signature = (data))]
fn rlp_decode<'py>(py: Python<'py>, data: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let item = rlp::decode(bytes("data", data)?).map_err(to_py)?;
    item_out(py, &item)
}

// Bytes are copied: Python could drop what a list holds while the tree is being read.
fn item_in(any: &Bound<'_, PyAny>, depth: usize) -> PyResult<Item<'static>> {
    if let Ok(leaf) = any.cast::<PyBytes>() {
        return Ok(Item::Bytes(Cow::Owned(leaf.as_bytes().to_vec())));
    }
    if !any.is_instance_of::<PyList>() && !any.is_instance_of::<PyTuple>() {
        return Err(PyTypeError::new_err(format!(
            "item must be bytes or a list, not {}",
            type_name(any)
        )));
    }
    let depth = rlp::deeper(depth).map_err(to_py)?;
    let list: PyResult<Vec<_>> = items("item", any)?
        .iter()
        .map(|item| item_in(item, depth))
        .collect();
    Ok(Item::List(list?))
}

fn item_out<'py>(py: Python<'py>, item: &Item<'_>) -> PyResult<Bound<'py, PyAny>> {
    match item {
        Item::Bytes(leaf) => Ok(PyBytes::new(py, leaf).into_any()),
        Item::List(items) => {
            let items: PyResult<Vec<_>> = items.iter().map(|item| item_out(py, item)).collect();
            Ok(PyList::new(py, items?)?.into_any())
        }
    }
}

/// Add the functions to the module.
pub(super) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(rlp_encode, m)?)?;
    m.add_function(wrap_pyfunction!(rlp_decode, m)?)
}
