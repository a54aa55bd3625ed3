//! What a transaction says, by type, and which ones can be no transaction on any chain.

use alloy_primitives::{Address, B256, U256};

use crate::CoreError;
use crate::ecdsa::Signature;

/// Largest nonce an account can send with (EIP-2681: 2^64 - 1 is never reached).
pub const MAX_NONCE: u64 = u64::MAX - 1;

/// One address of an access list and the storage slots of it that are declared (EIP-2930).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessEntry {
    /// The account.
    pub address: Address,
    /// Its storage slots.
    pub slots: Vec<B256>,
}

/// Leave for an account to run the code of `address` (EIP-7702), before it is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Authorization {
    /// The chain it holds on; 0 = every chain. Up to 256 bits, as the EIP says.
    pub chain_id: U256,
    /// Whose code the account will run; zero takes the leave back.
    pub address: Address,
    /// The account's nonce at which it holds.
    pub nonce: u64,
}

/// An [`Authorization`] and who signed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignedAuthorization {
    /// What was signed.
    pub authorization: Authorization,
    /// Parity as written, one byte: chains skip, not refuse, an authorization with a wrong one.
    pub y_parity: u8,
    /// As written, not checked.
    pub r: U256,
    /// As written, not checked.
    pub s: U256,
}

impl SignedAuthorization {
    /// `authorization` with its signature.
    #[must_use]
    pub fn new(authorization: Authorization, signature: &Signature) -> Self {
        Self {
            authorization,
            y_parity: u8::from(signature.y_is_odd),
            r: signature.r,
            s: signature.s,
        }
    }
}

/// What a type 2, 3 or 4 transaction pays for a unit of gas, in wei.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fees {
    /// To the block's producer, at most.
    pub max_priority: U256,
    /// In total, at most.
    pub max: U256,
}

/// What differs between the types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// Type 0, with EIP-155 when the transaction names a chain.
    Legacy {
        /// Wei for a unit of gas.
        gas_price: U256,
    },
    /// Type 1 (EIP-2930).
    AccessList {
        /// Wei for a unit of gas.
        gas_price: U256,
        /// Declared accounts and slots.
        access_list: Vec<AccessEntry>,
    },
    /// Type 2 (EIP-1559).
    DynamicFee {
        /// Wei for a unit of gas.
        fees: Fees,
        /// Declared accounts and slots.
        access_list: Vec<AccessEntry>,
    },
    /// Type 3 (EIP-4844), as it stands in a block: without its blobs.
    Blob {
        /// Wei for a unit of gas.
        fees: Fees,
        /// Declared accounts and slots.
        access_list: Vec<AccessEntry>,
        /// Wei for a unit of blob gas, at most.
        max_blob_fee: U256,
        /// Versioned hashes of the blobs.
        blob_hashes: Vec<B256>,
    },
    /// Type 4 (EIP-7702).
    SetCode {
        /// Wei for a unit of gas.
        fees: Fees,
        /// Declared accounts and slots.
        access_list: Vec<AccessEntry>,
        /// Whose code which account will run.
        authorizations: Vec<SignedAuthorization>,
    },
}

/// A transaction before it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// The one chain it holds on; `None` only for type 0, which then holds on every chain.
    pub chain_id: Option<u64>,
    /// Its place in the sender's sequence.
    pub nonce: u64,
    /// Units of gas it may use.
    pub gas_limit: u64,
    /// Who is called; `None` creates a contract.
    pub to: Option<Address>,
    /// Wei sent along.
    pub value: U256,
    /// Calldata, or init code when `to` is `None`.
    pub data: Vec<u8>,
    /// What its type adds.
    pub shape: Shape,
}

impl Transaction {
    /// Number of the type, 0 to 4.
    #[must_use]
    pub fn kind(&self) -> u8 {
        match self.shape {
            Shape::Legacy { .. } => 0,
            Shape::AccessList { .. } => 1,
            Shape::DynamicFee { .. } => 2,
            Shape::Blob { .. } => 3,
            Shape::SetCode { .. } => 4,
        }
    }

    /// Fees of a type 2, 3 or 4; for the others the gas price is both (EIP-1559).
    #[must_use]
    pub fn fees(&self) -> Fees {
        match &self.shape {
            Shape::Legacy { gas_price } | Shape::AccessList { gas_price, .. } => Fees {
                max_priority: *gas_price,
                max: *gas_price,
            },
            Shape::DynamicFee { fees, .. }
            | Shape::Blob { fees, .. }
            | Shape::SetCode { fees, .. } => *fees,
        }
    }

    /// Declared accounts and slots; empty for type 0.
    #[must_use]
    pub fn access_list(&self) -> &[AccessEntry] {
        match &self.shape {
            Shape::Legacy { .. } => &[],
            Shape::AccessList { access_list, .. }
            | Shape::DynamicFee { access_list, .. }
            | Shape::Blob { access_list, .. }
            | Shape::SetCode { access_list, .. } => access_list,
        }
    }

    /// Leaves to run code; empty but for type 4.
    #[must_use]
    pub fn authorizations(&self) -> &[SignedAuthorization] {
        match &self.shape {
            Shape::SetCode { authorizations, .. } => authorizations,
            _ => &[],
        }
    }

    /// Refuse what no chain takes, whatever its state.
    ///
    /// # Errors
    /// [`CoreError::Invalid`] naming the field: a nonce above [`MAX_NONCE`] (EIP-2681), a priority
    /// fee above the total fee (EIP-1559), a type but 0 without a chain, a type 3 or 4 that creates
    /// a contract, a type 4 without authorizations (EIP-4844, EIP-7702).
    pub fn check(&self) -> Result<(), CoreError> {
        if self.nonce > MAX_NONCE {
            let reason = format!("{} is above {MAX_NONCE}", self.nonce);
            return Err(CoreError::invalid("nonce", reason));
        }
        let fees = self.fees();
        if fees.max_priority > fees.max {
            let reason = format!(
                "{} is above max_fee_per_gas_wei {}",
                fees.max_priority, fees.max
            );
            return Err(CoreError::invalid("max_priority_fee_per_gas_wei", reason));
        }
        let kind = self.kind();
        if self.chain_id.is_none() && kind != 0 {
            let reason = format!("must be given for type {kind}");
            return Err(CoreError::invalid("chain_id", reason));
        }
        if self.to.is_none() && kind >= 3 {
            let reason = format!("must be an address: type {kind} creates no contract");
            return Err(CoreError::invalid("to", reason));
        }
        if kind == 4 && self.authorizations().is_empty() {
            let reason = "is empty, type 4 needs one at least";
            return Err(CoreError::invalid("authorizations", reason));
        }
        Ok(())
    }
}
