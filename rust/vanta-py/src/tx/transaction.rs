//! `Transaction`: fields in by keyword, fields out as properties.

use alloy_primitives::U256;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};
use vanta_core::tx::{Shape, Transaction};

use super::fields::{Field, Own, leave_out, optional};
use crate::arrays::{OptionalArg, int, int_or};
use crate::errors::to_py;
use crate::words::{address, bytes, u256, uint};

/// A transaction before it is signed.
#[pyclass(frozen, eq, module = "vanta._core", name = "Transaction")]
#[derive(PartialEq)]
pub(crate) struct PyTransaction(pub(crate) Transaction);

#[pymethods]
impl PyTransaction {
    #[new]
    #[pyo3(signature = (
        *, r#type=OptionalArg::ABSENT, chain_id, nonce, gas_limit, to, value_wei=OptionalArg::ABSENT,
        data=OptionalArg::ABSENT, gas_price_wei=OptionalArg::ABSENT,
        max_fee_per_gas_wei=OptionalArg::ABSENT, max_priority_fee_per_gas_wei=OptionalArg::ABSENT,
        access_list=OptionalArg::ABSENT, max_fee_per_blob_gas_wei=OptionalArg::ABSENT,
        blob_hashes=OptionalArg::ABSENT, authorizations=OptionalArg::ABSENT
    ), text_signature = "(*, type=2, chain_id, nonce, gas_limit, to, value_wei=0, data=b'', \
        gas_price_wei=..., max_fee_per_gas_wei=..., max_priority_fee_per_gas_wei=..., \
        access_list=(), max_fee_per_blob_gas_wei=..., blob_hashes=(), authorizations=())")]
    #[expect(
        clippy::too_many_arguments,
        reason = "the fields of a transaction, by keyword"
    )]
    fn new(
        r#type: OptionalArg<'_>,
        chain_id: &Bound<'_, PyAny>,
        nonce: &Bound<'_, PyAny>,
        gas_limit: &Bound<'_, PyAny>,
        to: &Bound<'_, PyAny>,
        value_wei: OptionalArg<'_>,
        data: OptionalArg<'_>,
        gas_price_wei: OptionalArg<'_>,
        max_fee_per_gas_wei: OptionalArg<'_>,
        max_priority_fee_per_gas_wei: OptionalArg<'_>,
        access_list: OptionalArg<'_>,
        max_fee_per_blob_gas_wei: OptionalArg<'_>,
        blob_hashes: OptionalArg<'_>,
        authorizations: OptionalArg<'_>,
    ) -> PyResult<Self> {
        let kind = int_or::<u16>("type", r#type, 2)?;
        let mut own = Own {
            kind,
            gas_price: Field::new("gas_price_wei", gas_price_wei),
            max_fee: Field::new("max_fee_per_gas_wei", max_fee_per_gas_wei),
            priority: Field::new("max_priority_fee_per_gas_wei", max_priority_fee_per_gas_wei),
            access_list: Field::new("access_list", access_list),
            blob_fee: Field::new("max_fee_per_blob_gas_wei", max_fee_per_blob_gas_wei),
            blob_hashes: Field::new("blob_hashes", blob_hashes),
            authorizations: Field::new("authorizations", authorizations),
        };
        let shape = own.shape()?;
        own.nothing_left()?;
        let tx = Transaction {
            chain_id: optional(chain_id, |given| int("chain_id", given))?,
            nonce: int("nonce", nonce)?,
            gas_limit: int("gas_limit", gas_limit)?,
            to: optional(to, |given| address("to", given))?,
            value: value_wei
                .given()
                .map_or(Ok(U256::ZERO), |given| u256("value_wei", &given))?,
            data: data.given().map_or(Ok(Vec::new()), |given| {
                bytes("data", &given).map(<[u8]>::to_vec)
            })?,
            shape,
        };
        tx.check().map_err(to_py)?;
        Ok(Self(tx))
    }

    #[getter]
    fn r#type(&self) -> u8 {
        self.0.kind()
    }

    #[getter]
    fn chain_id(&self) -> Option<u64> {
        self.0.chain_id
    }

    #[getter]
    fn nonce(&self) -> u64 {
        self.0.nonce
    }

    #[getter]
    fn gas_limit(&self) -> u64 {
        self.0.gas_limit
    }

    #[getter]
    fn to<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        self.0.to.map(|to| PyBytes::new(py, to.as_slice()))
    }

    #[getter]
    fn value_wei<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        uint(py, self.0.value)
    }

    #[getter]
    fn data<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.data)
    }

    #[getter]
    fn max_fee_per_gas_wei<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        uint(py, self.0.fees().max)
    }

    #[getter]
    fn max_priority_fee_per_gas_wei<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        uint(py, self.0.fees().max_priority)
    }

    #[getter]
    fn access_list<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let entries = self.0.access_list().iter().map(|access| {
            let slots = access
                .slots
                .iter()
                .map(|slot| PyBytes::new(py, slot.as_slice()));
            let slots = PyTuple::new(py, slots.collect::<Vec<_>>())?;
            (PyBytes::new(py, access.address.as_slice()), slots).into_pyobject(py)
        });
        PyTuple::new(py, entries.collect::<PyResult<Vec<_>>>()?)
    }

    #[getter]
    fn max_fee_per_blob_gas_wei<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match &self.0.shape {
            Shape::Blob { max_blob_fee, .. } => uint(py, *max_blob_fee),
            _ => uint(py, U256::ZERO),
        }
    }

    #[getter]
    fn blob_hashes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let hashes = match &self.0.shape {
            Shape::Blob { blob_hashes, .. } => blob_hashes.as_slice(),
            _ => &[],
        };
        let hashes = hashes.iter().map(|hash| PyBytes::new(py, hash.as_slice()));
        PyTuple::new(py, hashes.collect::<Vec<_>>())
    }

    #[getter]
    fn authorizations<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let leaves = self.0.authorizations().iter();
        PyTuple::new(
            py,
            leaves
                .map(|leave| leave_out(py, leave))
                .collect::<PyResult<Vec<_>>>()?,
        )
    }

    fn __repr__(&self) -> String {
        let to = self
            .0
            .to
            .map_or_else(|| String::from("None"), |to| to.to_string());
        format!(
            "Transaction(type={}, chain_id={}, nonce={}, to={to}, data of {} bytes)",
            self.0.kind(),
            self.0
                .chain_id
                .map_or_else(|| String::from("None"), |id| id.to_string()),
            self.0.nonce,
            self.0.data.len()
        )
    }
}

/// Add the class to the module.
pub(super) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PyTransaction>()
}
