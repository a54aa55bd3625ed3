//! `Transaction`: fields in by keyword, fields out as properties.

use alloy_primitives::{B256, U256};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyTuple};
use vanta_core::tx::{AccessEntry, Authorization, Fees, Shape, SignedAuthorization, Transaction};

use crate::arrays::{OptionalArg, int, int_or, type_name};
use crate::errors::{invalid, to_py};
use crate::words::{address, bytes, hash, u256, uint};

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

/// An argument only some types have; reading takes it, and what is left is too much.
struct Field<'py> {
    name: &'static str,
    given: Option<Bound<'py, PyAny>>,
}

impl<'py> Field<'py> {
    fn new(name: &'static str, argument: OptionalArg<'py>) -> Self {
        Self {
            name,
            given: argument.given(),
        }
    }

    fn word(&mut self, kind: u16) -> PyResult<U256> {
        match self.given.take() {
            Some(given) => u256(self.name, &given),
            None => Err(PyTypeError::new_err(format!(
                "{} must be given for type {kind}",
                self.name
            ))),
        }
    }

    fn list<T>(
        &mut self,
        read: impl Fn(&'static str, &Bound<'py, PyAny>) -> PyResult<T>,
    ) -> PyResult<Vec<T>> {
        let Some(given) = self.given.take() else {
            return Ok(Vec::new());
        };
        items(self.name, &given)?
            .iter()
            .map(|item| read(self.name, item))
            .collect()
    }
}

struct Own<'py> {
    kind: u16,
    gas_price: Field<'py>,
    max_fee: Field<'py>,
    priority: Field<'py>,
    access_list: Field<'py>,
    blob_fee: Field<'py>,
    blob_hashes: Field<'py>,
    authorizations: Field<'py>,
}

impl Own<'_> {
    fn fees(&mut self) -> PyResult<Fees> {
        Ok(Fees {
            max: self.max_fee.word(self.kind)?,
            max_priority: self.priority.word(self.kind)?,
        })
    }

    fn shape(&mut self) -> PyResult<Shape> {
        Ok(match self.kind {
            0 => Shape::Legacy {
                gas_price: self.gas_price.word(self.kind)?,
            },
            1 => Shape::AccessList {
                gas_price: self.gas_price.word(self.kind)?,
                access_list: self.access_list.list(access)?,
            },
            2 => Shape::DynamicFee {
                fees: self.fees()?,
                access_list: self.access_list.list(access)?,
            },
            3 => Shape::Blob {
                fees: self.fees()?,
                access_list: self.access_list.list(access)?,
                max_blob_fee: self.blob_fee.word(self.kind)?,
                blob_hashes: self.blob_hashes.list(hash)?,
            },
            4 => Shape::SetCode {
                fees: self.fees()?,
                access_list: self.access_list.list(access)?,
                authorizations: self.authorizations.list(leave_in)?,
            },
            kind => return Err(invalid("type", format!("{kind} is not 0, 1, 2, 3 or 4"))),
        })
    }

    // A field that the type cannot carry would be dropped in silence.
    fn nothing_left(&self) -> PyResult<()> {
        let fields = [
            &self.gas_price,
            &self.max_fee,
            &self.priority,
            &self.access_list,
            &self.blob_fee,
            &self.blob_hashes,
            &self.authorizations,
        ];
        match fields.iter().find(|field| field.given.is_some()) {
            Some(field) => Err(invalid(
                field.name,
                format!("does not belong to type {}", self.kind),
            )),
            None => Ok(()),
        }
    }
}

fn optional<T>(
    any: &Bound<'_, PyAny>,
    read: impl Fn(&Bound<'_, PyAny>) -> PyResult<T>,
) -> PyResult<Option<T>> {
    if any.is_none() {
        return Ok(None);
    }
    read(any).map(Some)
}

/// Elements of the list or tuple `name`.
///
/// # Errors
/// `TypeError` for anything else.
pub(super) fn items<'py>(
    name: &'static str,
    any: &Bound<'py, PyAny>,
) -> PyResult<Vec<Bound<'py, PyAny>>> {
    if let Ok(tuple) = any.cast::<PyTuple>() {
        return Ok(tuple.iter().collect());
    }
    if let Ok(list) = any.cast::<PyList>() {
        return Ok(list.iter().collect());
    }
    Err(PyTypeError::new_err(format!(
        "{name} must be a list or tuple, not {}",
        type_name(any)
    )))
}

fn access(name: &'static str, any: &Bound<'_, PyAny>) -> PyResult<AccessEntry> {
    let pair = items(name, any)?;
    let [account, slots] = pair.as_slice() else {
        let reason = format!(
            "has an entry of {} items, must be (address, slots)",
            pair.len()
        );
        return Err(invalid(name, reason));
    };
    Ok(AccessEntry {
        address: address(name, account)?,
        slots: items(name, slots)?
            .iter()
            .map(|slot| hash(name, slot))
            .collect::<PyResult<Vec<B256>>>()?,
    })
}

fn leave_in(name: &'static str, any: &Bound<'_, PyAny>) -> PyResult<SignedAuthorization> {
    let fields = items(name, any)?;
    let [chain_id, account, nonce, y_parity, r, s] = fields.as_slice() else {
        let reason = format!(
            "has an entry of {} items, must be (chain_id, address, nonce, y_parity, r, s)",
            fields.len()
        );
        return Err(invalid(name, reason));
    };
    let y_parity = int::<u16>(name, y_parity)?;
    Ok(SignedAuthorization {
        authorization: Authorization {
            chain_id: u256(name, chain_id)?,
            address: address(name, account)?,
            nonce: int(name, nonce)?,
        },
        y_parity: u8::try_from(y_parity)
            .map_err(|_| invalid(name, format!("has y_parity {y_parity}, must fit a byte")))?,
        r: u256(name, r)?,
        s: u256(name, s)?,
    })
}

/// (`chain_id`, address, nonce, `y_parity`, r, s).
pub(super) fn leave_out<'py>(
    py: Python<'py>,
    leave: &SignedAuthorization,
) -> PyResult<Bound<'py, PyTuple>> {
    (
        uint(py, leave.authorization.chain_id)?,
        PyBytes::new(py, leave.authorization.address.as_slice()),
        leave.authorization.nonce,
        leave.y_parity,
        uint(py, leave.r)?,
        uint(py, leave.s)?,
    )
        .into_pyobject(py)
}

/// Add the class to the module.
pub(super) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PyTransaction>()
}
