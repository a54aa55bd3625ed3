//! Many type 2 transactions of one key to one contract: orders in, bytes for the network out.

use alloy_primitives::{Address, U256};

use super::sign::{Signed, sign};
use super::transaction::{Fees, Shape, Transaction};
use crate::CoreError;
use crate::abi::OpenOrders;
use crate::ecdsa::Curve;
use crate::keyring::Key;

/// The calldata of each row.
#[derive(Debug, Clone, Copy)]
pub enum Calls<'a> {
    /// Written from orders kept in the core.
    Orders(&'a OpenOrders),
    /// Written already.
    Bytes(&'a [Vec<u8>]),
}

impl Calls<'_> {
    /// How many rows.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Orders(orders) => orders.len(),
            Self::Bytes(calls) => calls.len(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn write(&self, row: usize, out: &mut Vec<u8>) -> Result<(), CoreError> {
        match self {
            Self::Orders(orders) => orders.write_calldata(row, out),
            Self::Bytes(calls) => {
                out.extend_from_slice(calls.get(row).ok_or_else(|| missing("orders"))?);
                Ok(())
            }
        }
    }
}

/// A number of each row.
#[derive(Debug, Clone, Copy)]
pub enum Column<'a> {
    /// The same in all rows.
    Same(U256),
    /// One for each row.
    Each(&'a [u64]),
}

impl Column<'_> {
    fn at(&self, name: &'static str, row: usize) -> Result<U256, CoreError> {
        match self {
            Self::Same(value) => Ok(*value),
            Self::Each(values) => values
                .get(row)
                .map(|value| U256::from(*value))
                .ok_or_else(|| missing(name)),
        }
    }
}

/// Arguments of [`sign_all`]; arrays as long as `calls`.
#[derive(Debug, Clone, Copy)]
pub struct SignRows<'a> {
    /// Calldata.
    pub calls: Calls<'a>,
    /// The chain of all.
    pub chain_id: u64,
    /// The contract all call.
    pub to: Address,
    /// Nonces.
    pub nonce: &'a [u64],
    /// Gas limits.
    pub gas_limit: Column<'a>,
    /// Wei for a unit of gas, at most.
    pub max_fee: Column<'a>,
    /// Of it to the block's producer, at most.
    pub max_priority: Column<'a>,
    /// Wei sent along.
    pub value: Column<'a>,
}

/// [`sign`] row by row.
///
/// # Errors
/// `AtRow` for the first row that [`sign`] refuses, or that an array is too short for.
pub fn sign_all(curve: &Curve, key: &Key, rows: &SignRows<'_>) -> Result<Vec<Signed>, CoreError> {
    // One transaction is filled anew for each row, so that its buffer is allocated once.
    let mut tx = Transaction {
        chain_id: Some(rows.chain_id),
        nonce: 0,
        gas_limit: 0,
        to: Some(rows.to),
        value: U256::ZERO,
        data: Vec::new(),
        shape: Shape::Legacy {
            gas_price: U256::ZERO,
        },
    };
    (0..rows.calls.len())
        .map(|row| {
            fill(&mut tx, rows, row)
                .and_then(|()| sign(curve, key, &tx))
                .map_err(|error| error.at_row(row))
        })
        .collect()
}

fn fill(tx: &mut Transaction, rows: &SignRows<'_>, row: usize) -> Result<(), CoreError> {
    tx.nonce = *rows.nonce.get(row).ok_or_else(|| missing("nonce"))?;
    let gas_limit = rows.gas_limit.at("gas_limit", row)?;
    tx.gas_limit = u64::try_from(gas_limit).map_err(|_| {
        CoreError::invalid("gas_limit", format!("{gas_limit} does not fit 64 bits"))
    })?;
    tx.value = rows.value.at("value_wei", row)?;
    tx.shape = Shape::DynamicFee {
        fees: Fees {
            max: rows.max_fee.at("max_fee_per_gas_wei", row)?,
            max_priority: rows.max_priority.at("max_priority_fee_per_gas_wei", row)?,
        },
        access_list: Vec::new(),
    };
    tx.data.clear();
    rows.calls.write(row, &mut tx.data)
}

fn missing(name: &'static str) -> CoreError {
    CoreError::invalid(name, "has no such row")
}
