//! Transactions, keys and strict DER for the tests of `tx`.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test binary uses its part; a test stops at the first surprise"
)]

use alloy_primitives::{Address, U256};
use vanta_core::ecdsa::{Curve, HALF_ORDER};
use vanta_core::keyring::Key;
use vanta_core::tx::{
    AccessEntry, Authorization, Fees, Shape, SignedAuthorization, Transaction, authorize,
};

pub fn curve() -> Curve {
    Curve::blinded(&[1; 32])
}

pub fn key(curve: &Curve) -> Key {
    Key::new(curve, [0x46; 32].into()).unwrap()
}

/// Order of the group: 2 * floor(n / 2) + 1.
pub fn order() -> U256 {
    HALF_ORDER * U256::from(2) + U256::from(1)
}

pub fn fees(max: u64, max_priority: u64) -> Fees {
    Fees {
        max_priority: U256::from(max_priority),
        max: U256::from(max),
    }
}

/// A small call of each type.
pub fn of_kind(kind: u8) -> Transaction {
    let access_list = vec![AccessEntry {
        address: Address::repeat_byte(3),
        slots: vec![[4; 32].into(), [5; 32].into()],
    }];
    let fees = fees(100, 7);
    let gas_price = U256::from(100);
    let shape = match kind {
        0 => Shape::Legacy { gas_price },
        1 => Shape::AccessList {
            gas_price,
            access_list,
        },
        2 => Shape::DynamicFee { fees, access_list },
        3 => Shape::Blob {
            fees,
            access_list,
            max_blob_fee: U256::from(9),
            blob_hashes: vec![[1; 32].into()],
        },
        _ => Shape::SetCode {
            fees,
            access_list,
            authorizations: vec![leave()],
        },
    };
    Transaction {
        chain_id: Some(8453),
        nonce: 3,
        gas_limit: 90_000,
        to: Some(Address::repeat_byte(2)),
        value: U256::from(1_000),
        data: vec![0, 1, 2, 0xff],
        shape,
    }
}

pub fn leave() -> SignedAuthorization {
    let curve = curve();
    let authorization = Authorization {
        chain_id: U256::from(8453),
        address: Address::repeat_byte(6),
        nonce: 4,
    };
    authorize(&curve, &key(&curve), authorization).unwrap()
}

/// `tag`, a short length and `body`.
pub fn element(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![tag, u8::try_from(body.len()).unwrap()];
    out.extend_from_slice(body);
    out
}

/// Strict DER of two integers, written from the rule and not from the reader.
pub fn der(r: U256, s: U256) -> Vec<u8> {
    element(0x30, &[integer(r), integer(s)].concat())
}

pub fn integer(value: U256) -> Vec<u8> {
    let mut body = value.to_be_bytes_trimmed_vec();
    if body.first().is_none_or(|first| *first >= 0x80) {
        body.insert(0, 0);
    }
    element(2, &body)
}
