//! Many orders, one key: the calls come from the core or as bytes, the signed bytes go out.

use alloy_primitives::U256;
use numpy::PyUntypedArray;
use pyo3::prelude::*;
use pyo3::types::PyList;
use vanta_core::tx::{self, Calls, Column, SignRows};

use super::fields::items;
use super::signing::{RawAndHash, out};
use crate::abi::PyOpenOrders;
use crate::arrays::{OptionalArg, array_like, int};
use crate::errors::detached;
use crate::keyring::PyKeyring;
use crate::words::{address, bytes, u256};

const LIKE: &str = "orders";

/// `tx_sign` of n type 2 transactions to one contract.
#[pyfunction]
#[pyo3(signature = (
    keyring, *, handle, orders, chain_id, to, nonce, gas_limit, max_fee_per_gas_wei,
    max_priority_fee_per_gas_wei, value_wei=OptionalArg::ABSENT
), text_signature = "(keyring, *, handle, orders, chain_id, to, nonce, gas_limit, \
    max_fee_per_gas_wei, max_priority_fee_per_gas_wei, value_wei=0)")]
#[expect(
    clippy::too_many_arguments,
    reason = "one column per field, by keyword"
)]
fn tx_signs<'py>(
    py: Python<'py>,
    keyring: &Bound<'py, PyKeyring>,
    handle: &Bound<'py, PyAny>,
    orders: &Bound<'py, PyAny>,
    chain_id: &Bound<'py, PyAny>,
    to: &Bound<'py, PyAny>,
    nonce: &Bound<'py, PyAny>,
    gas_limit: &Bound<'py, PyAny>,
    max_fee_per_gas_wei: &Bound<'py, PyAny>,
    max_priority_fee_per_gas_wei: &Bound<'py, PyAny>,
    value_wei: OptionalArg<'py>,
) -> PyResult<Bound<'py, PyList>> {
    let keyring = keyring.get();
    let key = keyring.key(handle)?;
    let given: Vec<Vec<u8>>;
    let calls = if let Ok(orders) = orders.cast::<PyOpenOrders>() {
        Calls::Orders(orders.get().orders())
    } else {
        given = items(LIKE, orders)?
            .iter()
            .map(|call| bytes(LIKE, call).map(<[u8]>::to_vec))
            .collect::<PyResult<_>>()?;
        Calls::Bytes(&given)
    };
    let n = calls.len();
    let nonce: Vec<u64> = array_like("nonce", nonce, n, LIKE)?;
    let gas_limit = Rows::read("gas_limit", gas_limit, n)?;
    let max_fee = Rows::read("max_fee_per_gas_wei", max_fee_per_gas_wei, n)?;
    let max_priority = Rows::read(
        "max_priority_fee_per_gas_wei",
        max_priority_fee_per_gas_wei,
        n,
    )?;
    let value = value_wei
        .given()
        .map_or(Ok(Rows::Same(U256::ZERO)), |value| {
            Rows::read("value_wei", &value, n)
        })?;
    let rows = SignRows {
        calls,
        chain_id: int("chain_id", chain_id)?,
        to: address("to", to)?,
        nonce: &nonce,
        gas_limit: gas_limit.column(),
        max_fee: max_fee.column(),
        max_priority: max_priority.column(),
        value: value.column(),
    };
    let signed = detached(py, || tx::sign_all(keyring.curve(), &key, &rows))?;
    let signed = signed.iter().map(|signed| out(py, signed));
    PyList::new(py, signed.collect::<Vec<RawAndHash<'py>>>())
}

/// An integer for all rows, or an array with one for each.
enum Rows {
    Same(U256),
    Each(Vec<u64>),
}

impl Rows {
    fn read(name: &'static str, any: &Bound<'_, PyAny>, n: usize) -> PyResult<Self> {
        if any.cast::<PyUntypedArray>().is_ok() {
            return array_like(name, any, n, LIKE).map(Self::Each);
        }
        u256(name, any).map(Self::Same)
    }

    fn column(&self) -> Column<'_> {
        match self {
            Self::Same(value) => Column::Same(*value),
            Self::Each(values) => Column::Each(values),
        }
    }
}

/// Add the function to the module.
pub(super) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(tx_signs, m)?)
}
