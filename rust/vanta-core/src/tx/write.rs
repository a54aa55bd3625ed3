//! The one encoding of a transaction (RLP), and the two hashes taken of it.

use alloy_primitives::{B256, Keccak256, U256};
use alloy_rlp::{Encodable, Header};

use super::transaction::{
    AccessEntry, Authorization, Fees, Shape, SignedAuthorization, Transaction,
};
use crate::ecdsa::Signature;

/// First byte of what is hashed when an authorization is signed (EIP-7702).
const AUTHORIZATION_MAGIC: u8 = 5;

/// Fields of `tx` in the order of its type, without a list header and without what a signature adds.
pub(super) fn fields(tx: &Transaction) -> Vec<u8> {
    let mut out = Vec::with_capacity(tx.data.len().saturating_add(256));
    match &tx.shape {
        Shape::Legacy { gas_price } => {
            tx.nonce.encode(&mut out);
            gas_price.encode(&mut out);
            call(tx, &mut out);
        }
        Shape::AccessList {
            gas_price,
            access_list,
        } => {
            tx.chain_id.unwrap_or(0).encode(&mut out);
            tx.nonce.encode(&mut out);
            gas_price.encode(&mut out);
            call(tx, &mut out);
            accesses(access_list, &mut out);
        }
        Shape::DynamicFee { fees, access_list } => {
            priced(tx, *fees, access_list, &mut out);
        }
        Shape::Blob {
            fees,
            access_list,
            max_blob_fee,
            blob_hashes,
        } => {
            priced(tx, *fees, access_list, &mut out);
            max_blob_fee.encode(&mut out);
            words(blob_hashes, &mut out);
        }
        Shape::SetCode {
            fees,
            access_list,
            authorizations,
        } => {
            priced(tx, *fees, access_list, &mut out);
            leaves(authorizations, &mut out);
        }
    }
    out
}

/// What is hashed to be signed: the fields of `tx`, with chain, 0, 0 behind those of EIP-155.
pub(super) fn preimage(tx: &Transaction, fields: &[u8]) -> Framed {
    let mut tail = Vec::new();
    if let (Shape::Legacy { .. }, Some(chain_id)) = (&tx.shape, tx.chain_id) {
        chain_id.encode(&mut tail);
        0_u8.encode(&mut tail);
        0_u8.encode(&mut tail);
    }
    frame(tx, fields, tail)
}

/// What goes to the network: the fields of `tx` and its signature.
pub(super) fn signed(tx: &Transaction, fields: &[u8], signature: &Signature) -> Framed {
    let mut tail = Vec::with_capacity(80);
    v(tx, signature.y_is_odd).encode(&mut tail);
    signature.r.encode(&mut tail);
    signature.s.encode(&mut tail);
    frame(tx, fields, tail)
}

/// Parity as the type writes it: 27/28, 35/36 + 2 * chain (EIP-155), or 0/1.
pub(super) fn v(tx: &Transaction, y_is_odd: bool) -> U256 {
    let odd = U256::from(u8::from(y_is_odd));
    match (&tx.shape, tx.chain_id) {
        (Shape::Legacy { .. }, None) => odd.wrapping_add(U256::from(27)),
        (Shape::Legacy { .. }, Some(chain_id)) => U256::from(chain_id)
            .wrapping_mul(U256::from(2))
            .wrapping_add(U256::from(35))
            .wrapping_add(odd),
        _ => odd,
    }
}

/// Header, fields and tail of an encoding, not yet in one piece: a hash needs no copy.
pub(super) struct Framed {
    head: Vec<u8>,
    tail: Vec<u8>,
}

fn frame(tx: &Transaction, fields: &[u8], tail: Vec<u8>) -> Framed {
    let mut head = Vec::with_capacity(10);
    if tx.kind() != 0 {
        head.push(tx.kind());
    }
    Header {
        list: true,
        payload_length: fields.len().saturating_add(tail.len()),
    }
    .encode(&mut head);
    Framed { head, tail }
}

impl Framed {
    /// Keccak-256 of the whole.
    pub(super) fn hash(&self, fields: &[u8]) -> B256 {
        let mut hasher = Keccak256::new();
        hasher.update(&self.head);
        hasher.update(fields);
        hasher.update(&self.tail);
        hasher.finalize()
    }

    /// The whole in one piece.
    pub(super) fn bytes(&self, fields: &[u8]) -> Vec<u8> {
        [&self.head, fields, &self.tail].concat()
    }
}

impl Authorization {
    /// What the account signs to give this leave: keccak(5 ‖ rlp(chain, address, nonce)).
    #[must_use]
    pub fn signing_hash(&self) -> B256 {
        let mut body = Vec::with_capacity(64);
        self.chain_id.encode(&mut body);
        self.address.encode(&mut body);
        self.nonce.encode(&mut body);
        let mut whole = vec![AUTHORIZATION_MAGIC];
        list(&body, &mut whole);
        alloy_primitives::keccak256(whole)
    }
}

fn priced(tx: &Transaction, fees: Fees, access_list: &[AccessEntry], out: &mut Vec<u8>) {
    tx.chain_id.unwrap_or(0).encode(out);
    tx.nonce.encode(out);
    fees.max_priority.encode(out);
    fees.max.encode(out);
    call(tx, out);
    accesses(access_list, out);
}

fn call(tx: &Transaction, out: &mut Vec<u8>) {
    tx.gas_limit.encode(out);
    match &tx.to {
        Some(address) => address.encode(out),
        None => [0_u8; 0].as_slice().encode(out),
    }
    tx.value.encode(out);
    tx.data.as_slice().encode(out);
}

fn accesses(access_list: &[AccessEntry], out: &mut Vec<u8>) {
    if access_list.is_empty() {
        list(&[], out);
        return;
    }
    let (mut body, mut entry) = (Vec::new(), Vec::new());
    for access in access_list {
        entry.clear();
        access.address.encode(&mut entry);
        words(&access.slots, &mut entry);
        list(&entry, &mut body);
    }
    list(&body, out);
}

fn leaves(authorizations: &[SignedAuthorization], out: &mut Vec<u8>) {
    let (mut body, mut entry) = (Vec::new(), Vec::new());
    for signed in authorizations {
        entry.clear();
        signed.authorization.chain_id.encode(&mut entry);
        signed.authorization.address.encode(&mut entry);
        signed.authorization.nonce.encode(&mut entry);
        signed.y_parity.encode(&mut entry);
        signed.r.encode(&mut entry);
        signed.s.encode(&mut entry);
        list(&entry, &mut body);
    }
    list(&body, out);
}

fn words(words: &[B256], out: &mut Vec<u8>) {
    Header {
        list: true,
        payload_length: words.len().saturating_mul(33),
    }
    .encode(out);
    for word in words {
        word.encode(out);
    }
}

fn list(body: &[u8], out: &mut Vec<u8>) {
    Header {
        list: true,
        payload_length: body.len(),
    }
    .encode(out);
    out.extend_from_slice(body);
}
