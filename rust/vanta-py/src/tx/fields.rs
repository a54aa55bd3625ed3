//! Fields of a transaction that only some types have, and the lists in them.

use alloy_primitives::{B256, U256};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyTuple};
use vanta_core::tx::{AccessEntry, Authorization, Fees, Shape, SignedAuthorization};

use crate::arrays::{OptionalArg, int, type_name};
use crate::errors::invalid;
use crate::words::{address, hash, u256, uint};

/// An argument only some types have; reading takes it, and what is left is too much.
pub(super) struct Field<'py> {
    name: &'static str,
    given: Option<Bound<'py, PyAny>>,
}

impl<'py> Field<'py> {
    pub(super) fn new(name: &'static str, argument: OptionalArg<'py>) -> Self {
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

/// The arguments whose right to be there depends on the type.
pub(super) struct Own<'py> {
    pub(super) kind: u16,
    pub(super) gas_price: Field<'py>,
    pub(super) max_fee: Field<'py>,
    pub(super) priority: Field<'py>,
    pub(super) access_list: Field<'py>,
    pub(super) blob_fee: Field<'py>,
    pub(super) blob_hashes: Field<'py>,
    pub(super) authorizations: Field<'py>,
}

impl Own<'_> {
    fn fees(&mut self) -> PyResult<Fees> {
        Ok(Fees {
            max: self.max_fee.word(self.kind)?,
            max_priority: self.priority.word(self.kind)?,
        })
    }

    /// What the type adds; takes the arguments it uses.
    pub(super) fn shape(&mut self) -> PyResult<Shape> {
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

    /// Refuse a field that the type cannot carry: it would be dropped in silence.
    pub(super) fn nothing_left(&self) -> PyResult<()> {
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

/// `None`, or what `read` makes of the argument.
pub(super) fn optional<T>(
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
