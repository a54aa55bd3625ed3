//! For all transactions and all bytes: read back what was written, and write back what was read.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod tx_support;

use alloy_primitives::{Address, B256, U256};
use proptest::collection::vec;
use proptest::prelude::*;
use tx_support::{curve, der, key, order};
use vanta_core::ecdsa::HALF_ORDER;
use vanta_core::tx::rlp;
use vanta_core::tx::{
    AccessEntry, Authorization, Calls, Column, Fees, MAX_NONCE, Shape, SignRows,
    SignedAuthorization, Transaction, assemble, normalize_signature, read, sign, sign_all,
};

/// Words of every length, so that short ones are as likely as full ones.
fn word() -> impl Strategy<Value = U256> {
    (any::<[u8; 32]>(), 0..=256_usize)
        .prop_map(|(bytes, shift)| U256::from_be_bytes(bytes).wrapping_shr(shift))
}

fn int() -> impl Strategy<Value = u64> {
    (any::<u64>(), 0..64_u32).prop_map(|(value, shift)| (value >> shift).min(MAX_NONCE))
}

fn address() -> impl Strategy<Value = Address> {
    any::<[u8; 20]>().prop_map(Address::new)
}

fn fees() -> impl Strategy<Value = Fees> {
    (word(), word()).prop_map(|(a, b)| Fees {
        max_priority: a.min(b),
        max: a.max(b),
    })
}

fn accesses() -> impl Strategy<Value = Vec<AccessEntry>> {
    let slots = vec(any::<[u8; 32]>().prop_map(B256::new), 0..3);
    vec(
        (address(), slots).prop_map(|(address, slots)| AccessEntry { address, slots }),
        0..4,
    )
}

fn leave() -> impl Strategy<Value = SignedAuthorization> {
    (word(), address(), int(), any::<u8>(), word(), word()).prop_map(
        |(chain_id, address, nonce, y_parity, r, s)| SignedAuthorization {
            authorization: Authorization {
                chain_id,
                address,
                nonce,
            },
            y_parity,
            r,
            s,
        },
    )
}

fn shape() -> impl Strategy<Value = Shape> {
    prop_oneof![
        word().prop_map(|gas_price| Shape::Legacy { gas_price }),
        (word(), accesses()).prop_map(|(gas_price, access_list)| Shape::AccessList {
            gas_price,
            access_list
        }),
        (fees(), accesses())
            .prop_map(|(fees, access_list)| Shape::DynamicFee { fees, access_list }),
        (fees(), accesses(), word(), vec(any::<[u8; 32]>(), 0..3)).prop_map(
            |(fees, access_list, max_blob_fee, hashes)| Shape::Blob {
                fees,
                access_list,
                max_blob_fee,
                blob_hashes: hashes.into_iter().map(B256::new).collect(),
            }
        ),
        (fees(), accesses(), vec(leave(), 1..3)).prop_map(|(fees, access_list, authorizations)| {
            Shape::SetCode {
                fees,
                access_list,
                authorizations,
            }
        }),
    ]
}

prop_compose! {
    fn transaction()(
        shape in shape(),
        chain_id in proptest::option::of(int()),
        nonce in int(),
        gas_limit in any::<u64>(),
        to in proptest::option::of(address()),
        value in word(),
        data in vec(any::<u8>(), 0..80),
    ) -> Transaction {
        let is_legacy = matches!(shape, Shape::Legacy { .. });
        let creates = !matches!(shape, Shape::Blob { .. } | Shape::SetCode { .. });
        Transaction {
            chain_id: if is_legacy { chain_id } else { Some(chain_id.unwrap_or(0)) },
            nonce,
            gas_limit,
            to: if creates { to } else { Some(to.unwrap_or_default()) },
            value,
            data,
            shape,
        }
    }
}

fn raw(tx: &Transaction) -> Vec<u8> {
    let curve = curve();
    let signature = key(&curve).sign(&curve, tx.signing_hash()).unwrap();
    assemble(tx, &signature).unwrap().raw
}

proptest! {
    #[test]
    fn what_is_written_is_read(tx in transaction()) {
        let curve = curve();
        let read = read(&curve, &raw(&tx)).unwrap();
        prop_assert_eq!(&read.tx, &tx);
        prop_assert_eq!(read.sender, key(&curve).address());
    }

    #[test]
    fn what_is_read_is_written_back(tx in transaction(), at in any::<prop::sample::Index>(),
                                    byte in any::<u8>(), what in 0..3) {
        let mut raw = raw(&tx);
        let at = at.index(raw.len());
        match what {
            0 => *raw.get_mut(at).unwrap() = byte,
            1 => raw.insert(at, byte),
            _ => { raw.remove(at); }
        }
        if let Ok(read) = read(&curve(), &raw) && read.signature.s <= HALF_ORDER {
            prop_assert_eq!(assemble(&read.tx, &read.signature).unwrap().raw, raw);
        }
    }

    #[test]
    fn no_bytes_are_too_strange(kind in 0..5_u8, bytes in vec(any::<u8>(), 0..300)) {
        let _ = read(&curve(), &bytes);
        let _ = read(&curve(), &[vec![kind], bytes.clone()].concat());
        let _ = normalize_signature(&curve(), &bytes, B256::ZERO, Address::ZERO);
        if let Ok(item) = rlp::decode(&bytes) {
            prop_assert_eq!(rlp::encode(&item).unwrap(), bytes);
        }
    }

    #[test]
    fn signatures_of_key_services(secret in 1..u64::MAX, digest in any::<[u8; 32]>(),
                                  is_high in any::<bool>()) {
        let curve = curve();
        let secret = U256::from(secret).to_be_bytes::<32>();
        let key = vanta_core::keyring::Key::new(&curve, secret.into()).unwrap();
        let made = key.sign(&curve, B256::new(digest)).unwrap();
        let s = if is_high { order() - made.s } else { made.s };
        let der = der(made.r, s);
        let normal = normalize_signature(&curve, &der, B256::new(digest), key.address());
        prop_assert_eq!(normal, Ok(made));
    }

    #[test]
    fn a_batch_is_its_rows(rows in vec((int(), any::<u64>(), vec(any::<u8>(), 0..40)), 0..4),
                           fee in any::<u64>(), priority in any::<u64>()) {
        let curve = curve();
        let key = key(&curve);
        let nonce: Vec<u64> = rows.iter().map(|row| row.0).collect();
        let gas_limit: Vec<u64> = rows.iter().map(|row| row.1).collect();
        let calls: Vec<Vec<u8>> = rows.iter().map(|row| row.2.clone()).collect();
        let to = Address::repeat_byte(1);
        let batch = sign_all(&curve, &key, &SignRows {
            calls: Calls::Bytes(&calls),
            chain_id: 8453,
            to,
            nonce: &nonce,
            gas_limit: Column::Each(&gas_limit),
            max_fee: Column::Same(U256::from(fee)),
            max_priority: Column::Same(U256::from(priority)),
            value: Column::Each(&nonce),
        });
        let singly: Result<Vec<_>, _> = rows.iter().enumerate().map(|(row, (nonce, gas, data))| {
            let tx = Transaction {
                chain_id: Some(8453),
                nonce: *nonce,
                gas_limit: *gas,
                to: Some(to),
                value: U256::from(*nonce),
                data: data.clone(),
                shape: Shape::DynamicFee {
                    fees: Fees { max: U256::from(fee), max_priority: U256::from(priority) },
                    access_list: vec![],
                },
            };
            sign(&curve, &key, &tx).map_err(|error| error.at_row(row))
        }).collect();
        prop_assert_eq!(batch, singly);
    }
}
