//! From bytes to a transaction and who sent it: the last look before bytes go out, and the way to
//! read what others sent.
//!
//! Only the one canonical encoding is taken: no leading zeros, no longer length than needed, no
//! byte behind the end. So two different byte strings never mean the same transaction.

use alloy_primitives::{Address, B256, U256, keccak256};

use super::rlp::Fields;
use super::transaction::{
    AccessEntry, Authorization, Fees, Shape, SignedAuthorization, Transaction,
};
use crate::CoreError;
use crate::ecdsa::{Curve, HALF_ORDER, Signature};

const WHAT: &str = "transaction";

/// A transaction that was signed, and by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// What was signed.
    pub tx: Transaction,
    /// The signature as written.
    pub signature: Signature,
    /// Keccak-256 of the bytes.
    pub hash: B256,
    /// Who signed.
    pub sender: Address,
}

/// Read the signed transaction `raw`, as it goes to the network.
///
/// # Errors
/// [`CoreError::Abi`] for anything but one canonical encoding of a type 0 to 4: an unknown type, a
/// field missing, too many, too long or out of range, a byte behind the end, a signature that no key
/// can have made, or a high s (EIP-2) but in a type 0 without a chain, which is older than that
/// rule. And as [`Transaction::check`].
pub fn read(curve: &Curve, raw: &[u8]) -> Result<Decoded, CoreError> {
    let (tx, signature) = match raw {
        [] => return Err(CoreError::abi(WHAT, "is empty")),
        [0xc0..=0xff, ..] => legacy(raw)?,
        [kind @ 1..=4, list @ ..] => typed(*kind, list)?,
        [kind, ..] => {
            let reason = format!("starts with {kind}, which is neither a list nor a type 1 to 4");
            return Err(CoreError::abi(WHAT, reason));
        }
    };
    tx.check()
        .map_err(|error| CoreError::abi(WHAT, format!("is refused: {error}")))?;
    if signature.s > HALF_ORDER && !(tx.kind() == 0 && tx.chain_id.is_none()) {
        return Err(CoreError::abi(WHAT, "has a signature with a high s"));
    }
    let sender = curve
        .recover(tx.signing_hash(), &signature)
        .map_err(|_| CoreError::abi(WHAT, "has a signature that was made by no key"))?;
    Ok(Decoded {
        tx,
        signature,
        hash: keccak256(raw),
        sender,
    })
}

fn legacy(raw: &[u8]) -> Result<(Transaction, Signature), CoreError> {
    let mut fields = Fields::of_whole(WHAT, raw)?;
    let nonce = fields.int("nonce")?;
    let gas_price = fields.word("gas_price")?;
    let (gas_limit, to, value, data) = call(&mut fields)?;
    let (y_is_odd, chain_id) = parity_and_chain(fields.word("v")?)?;
    let signature = signature(&mut fields, y_is_odd)?;
    fields.end()?;
    let tx = Transaction {
        chain_id,
        nonce,
        gas_limit,
        to,
        value,
        data,
        shape: Shape::Legacy { gas_price },
    };
    Ok((tx, signature))
}

// v is 27 + parity, or 35 + 2 * chain + parity (EIP-155).
fn parity_and_chain(v: U256) -> Result<(bool, Option<u64>), CoreError> {
    if v == U256::from(27) || v == U256::from(28) {
        return Ok((v == U256::from(28), None));
    }
    let above = v
        .checked_sub(U256::from(35))
        .ok_or_else(|| CoreError::abi(WHAT, format!("v is {v}, must be 27, 28 or from 35 on")))?;
    let chain_id = u64::try_from(above.wrapping_shr(1))
        .map_err(|_| CoreError::abi(WHAT, "v names a chain that does not fit 64 bits"))?;
    Ok((above.bit(0), Some(chain_id)))
}

fn typed(kind: u8, list: &[u8]) -> Result<(Transaction, Signature), CoreError> {
    let mut fields = Fields::of_whole(WHAT, list)?;
    let chain_id = Some(fields.int("chain_id")?);
    let nonce = fields.int("nonce")?;
    let first = fields.word("gas_price or max_priority_fee")?;
    let max = if kind == 1 {
        first
    } else {
        fields.word("max_fee")?
    };
    let fees = Fees {
        max_priority: first,
        max,
    };
    let (gas_limit, to, value, data) = call(&mut fields)?;
    let access_list = fields.list("access_list")?.each(access)?;
    let shape = match kind {
        1 => Shape::AccessList {
            gas_price: max,
            access_list,
        },
        3 => Shape::Blob {
            fees,
            access_list,
            max_blob_fee: fields.word("max_blob_fee")?,
            blob_hashes: fields
                .list("blob_hashes")?
                .each(|hashes| hashes.fixed("blob hash").map(B256::new))?,
        },
        4 => Shape::SetCode {
            fees,
            access_list,
            authorizations: fields.list("authorizations")?.each(leave)?,
        },
        _ => Shape::DynamicFee { fees, access_list },
    };
    let y_is_odd = match fields.int("y_parity")? {
        0 => false,
        1 => true,
        other => {
            let reason = format!("y_parity is {other}, must be 0 or 1");
            return Err(CoreError::abi(WHAT, reason));
        }
    };
    let signature = signature(&mut fields, y_is_odd)?;
    fields.end()?;
    let tx = Transaction {
        chain_id,
        nonce,
        gas_limit,
        to,
        value,
        data,
        shape,
    };
    Ok((tx, signature))
}

type Call = (u64, Option<Address>, U256, Vec<u8>);

fn call(fields: &mut Fields<'_>) -> Result<Call, CoreError> {
    let gas_limit = fields.int("gas_limit")?;
    let to = match fields.bytes("to")? {
        [] => None,
        to => Some(Address::new(<[u8; 20]>::try_from(to).map_err(|_| {
            CoreError::abi(
                WHAT,
                format!("to has {} bytes, must have 0 or 20", to.len()),
            )
        })?)),
    };
    let value = fields.word("value")?;
    let data = fields.bytes("data")?.to_vec();
    Ok((gas_limit, to, value, data))
}

fn signature(fields: &mut Fields<'_>, y_is_odd: bool) -> Result<Signature, CoreError> {
    Ok(Signature {
        r: fields.word("r")?,
        s: fields.word("s")?,
        y_is_odd,
    })
}

fn access(entries: &mut Fields<'_>) -> Result<AccessEntry, CoreError> {
    let mut entry = entries.list("access list entry")?;
    let address = entry.fixed("access list address").map(Address::new)?;
    let slots = entry
        .list("storage slots")?
        .each(|slots| slots.fixed("storage slot").map(B256::new))?;
    entry.end()?;
    Ok(AccessEntry { address, slots })
}

fn leave(entries: &mut Fields<'_>) -> Result<SignedAuthorization, CoreError> {
    let mut entry = entries.list("authorization")?;
    let authorization = Authorization {
        chain_id: entry.word("authorization chain_id")?,
        address: entry.fixed("authorization address").map(Address::new)?,
        nonce: entry.int("authorization nonce")?,
    };
    let y_parity = entry.int("authorization y_parity")?;
    let leave = SignedAuthorization {
        authorization,
        y_parity: u8::try_from(y_parity).map_err(|_| {
            let reason = format!("authorization y_parity {y_parity} does not fit a byte");
            CoreError::abi(WHAT, reason)
        })?,
        r: entry.word("authorization r")?,
        s: entry.word("authorization s")?,
    };
    entry.end()?;
    Ok(leave)
}
