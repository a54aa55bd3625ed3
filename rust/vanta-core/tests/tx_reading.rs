//! Bytes that are no transaction, no RLP and no signature of a key service, each said why.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod tx_support;

use std::borrow::Cow;

use alloy_primitives::{Address, U256, keccak256};
use rstest::rstest;
use tx_support::{curve, der, element, integer, key, of_kind, order};
use vanta_core::ecdsa::{HALF_ORDER, Signature};
use vanta_core::tx::rlp::{self, Item, MAX_BYTES, MAX_DEPTH};
use vanta_core::tx::{normalize_signature, read, sign};

fn leaf(bytes: &[u8]) -> Item<'static> {
    Item::Bytes(Cow::Owned(bytes.to_vec()))
}

/// A signed transaction of the kind whose fields went through `change`.
fn changed(kind: u8, change: impl FnOnce(&mut Vec<Item<'static>>)) -> Vec<u8> {
    let curve = curve();
    let raw = sign(&curve, &key(&curve), &of_kind(kind)).unwrap().raw;
    let (head, body) = if kind == 0 {
        (vec![], raw.as_slice())
    } else {
        (vec![kind], raw.get(1..).unwrap())
    };
    let Item::List(fields) = rlp::decode(body).unwrap() else {
        unreachable!()
    };
    let mut fields = fields.into_iter().map(owned).collect();
    change(&mut fields);
    [head, rlp::encode(&Item::List(fields)).unwrap()].concat()
}

fn owned(item: Item<'_>) -> Item<'static> {
    match item {
        Item::Bytes(bytes) => Item::Bytes(Cow::Owned(bytes.into_owned())),
        Item::List(items) => Item::List(items.into_iter().map(owned).collect()),
    }
}

fn set(kind: u8, at: usize, item: Item<'static>) -> Vec<u8> {
    changed(kind, |fields| *fields.get_mut(at).unwrap() = item)
}

#[rstest]
#[case::nothing(vec![], "is empty")]
#[case::unknown_type(vec![5, 0xc0], "starts with 5")]
#[case::type_zero(vec![0, 0xc0], "starts with 0")]
#[case::no_list(vec![0x80], "starts with 128")]
#[case::only_a_type(vec![2], "list of fields is missing")]
#[case::empty_list(vec![2, 0xc0], "chain_id is missing")]
#[case::zero_nonce(set(2, 1, leaf(&[0])), "nonce has leading zeros")]
#[case::padded_nonce(set(2, 1, leaf(&[0, 3])), "nonce has leading zeros")]
#[case::long_nonce(set(2, 1, leaf(&[1; 9])), "nonce is too large")]
#[case::last_nonce(set(2, 1, leaf(&[0xff; 8])), "nonce 18446744073709551615 is above")]
#[case::long_value(set(2, 6, leaf(&[1; 33])), "value is too large")]
#[case::listed_value(set(2, 6, Item::List(vec![])), "value is a list")]
#[case::short_to(set(2, 5, leaf(&[1; 19])), "to has 19 bytes")]
#[case::long_to(set(2, 5, leaf(&[1; 21])), "to has 21 bytes")]
#[case::accesses_as_bytes(set(2, 8, leaf(&[])), "access_list is bytes")]
#[case::access_as_bytes(set(2, 8, Item::List(vec![leaf(&[])])), "entry is bytes")]
#[case::empty_access(set(2, 8, Item::List(vec![Item::List(vec![])])), "access list address is missing")]
#[case::long_slot(
    set(2, 8, Item::List(vec![Item::List(vec![
        leaf(&[1; 20]), Item::List(vec![leaf(&[1; 33])]),
    ])])),
    "storage slot has 33 bytes"
)]
#[case::parity_of_two(set(2, 9, leaf(&[2])), "y_parity is 2,")]
#[case::parity_as_v(set(2, 9, leaf(&[27])), "y_parity is 27")]
#[case::r_of_zero(set(2, 10, leaf(&[])), "made by no key")]
#[case::r_too_large(set(2, 10, leaf(&[0xff; 32])), "made by no key")]
#[case::too_many(changed(2, |fields| fields.push(leaf(&[]))), "too many fields")]
#[case::too_few(changed(2, |fields| { fields.pop(); }), "transaction s is missing")]
#[case::v_of_29(set(0, 6, leaf(&[29])), "v is 29")]
#[case::v_of_34(set(0, 6, leaf(&[34])), "v is 34")]
#[case::v_of_a_huge_chain(set(0, 6, leaf(&[0xff; 9])), "does not fit 64 bits")]
#[case::no_leaves(set(4, 9, Item::List(vec![])), "authorizations is empty")]
#[case::delegation_of_none(set(4, 5, leaf(&[])), "to must be an address")]
#[case::priority_above_fee(set(4, 2, leaf(&[101])), "max_priority_fee_per_gas_wei 101 is above")]
fn no_transaction(#[case] raw: Vec<u8>, #[case] says: &str) {
    let refused = read(&curve(), &raw).unwrap_err().to_string();
    assert!(refused.contains(says), "{refused}");
    assert!(refused.len() < 200);
}

#[test]
fn bytes_behind_the_end_and_a_missing_end() {
    let raw = changed(2, |_| ());
    assert!(read(&curve(), &raw).is_ok());
    let more = [raw.as_slice(), &[0]].concat();
    let says = read(&curve(), &more).unwrap_err().to_string();
    assert!(says.contains("1 bytes behind its end"), "{says}");
    for end in 0..raw.len() {
        assert!(read(&curve(), raw.get(..end).unwrap()).is_err(), "{end}");
    }
}

#[test]
fn high_s_only_of_a_time_before_the_rule() {
    let high = |kind, at| {
        changed(kind, move |fields| {
            let Some(Item::Bytes(s)) = fields.get(at) else {
                unreachable!()
            };
            let s = order() - U256::from_be_slice(s);
            *fields.get_mut(at).unwrap() = leaf(&s.to_be_bytes_trimmed_vec());
        })
    };
    for raw in [high(2, 11), high(0, 8)] {
        let says = read(&curve(), &raw).unwrap_err().to_string();
        assert!(says.contains("high s"), "{says}");
    }
    let curve = curve();
    let tx = vanta_core::tx::Transaction {
        chain_id: None,
        ..of_kind(0)
    };
    let signature = key(&curve).sign(&curve, tx.signing_hash()).unwrap();
    let raw = vanta_core::tx::assemble(&tx, &signature).unwrap().raw;
    let Item::List(fields) = rlp::decode(&raw).unwrap() else {
        unreachable!()
    };
    let mut fields: Vec<_> = fields.into_iter().map(owned).collect();
    let s = order() - signature.s;
    *fields.get_mut(8).unwrap() = leaf(&s.to_be_bytes_trimmed_vec());
    let v = if signature.y_is_odd { 27 } else { 28 };
    *fields.get_mut(6).unwrap() = leaf(&[v]);
    let twin = read(&curve, &rlp::encode(&Item::List(fields)).unwrap()).unwrap();
    assert_eq!(twin.sender, key(&curve).address());
}

#[rstest]
#[case::nothing(&[], "missing")]
#[case::cut(&[0x83, 1, 2], "ends too early")]
#[case::byte_with_header(&[0x81, 0x7f], "longer than needed")]
#[case::short_written_long(&[0xb8, 1, 0xff], "longer than needed")]
#[case::list_written_long(&[0xf8, 1, 0x80], "longer than needed")]
#[case::length_with_zeros(&[0xb9, 0, 0x80], "leading zeros")]
#[case::length_of_everything(&[0xbf, 255, 255, 255, 255, 255, 255, 255, 255], "ends too early")]
#[case::list_of_everything(&[0xff, 255, 255, 255, 255, 255, 255, 255, 255], "ends too early")]
#[case::cut_in_a_list(&[0xc2, 0x83, 1], "ends too early")]
#[case::behind(&[0x80, 0x80], "behind its end")]
fn no_rlp(#[case] data: &[u8], #[case] says: &str) {
    let refused = rlp::decode(data).unwrap_err().to_string();
    assert!(refused.contains(says), "{refused}");
}

#[rstest]
#[case(MAX_DEPTH, true)]
#[case(MAX_DEPTH + 1, false)]
fn lists_in_lists(#[case] depth: usize, #[case] good: bool) {
    let mut item = Item::List(vec![]);
    let mut encoded = vec![0xc0];
    for _ in 1..depth {
        item = Item::List(vec![item]);
        let mut outer = alloy_rlp_header(encoded.len());
        outer.extend_from_slice(&encoded);
        encoded = outer;
    }
    assert_eq!(rlp::encode(&item).is_ok(), good);
    assert_eq!(rlp::decode(&encoded).is_ok(), good);
}

fn alloy_rlp_header(len: usize) -> Vec<u8> {
    let bytes = len.to_be_bytes();
    let short: Vec<u8> = bytes.into_iter().skip_while(|byte| *byte == 0).collect();
    if len < 56 {
        return vec![0xc0 + u8::try_from(len).unwrap()];
    }
    [vec![0xf7 + u8::try_from(short.len()).unwrap()], short].concat()
}

#[test]
fn too_many_bytes() {
    let leaf = |len| Item::Bytes(Cow::Owned(vec![0; len]));
    let fits = rlp::encode(&leaf(MAX_BYTES - 4)).unwrap();
    assert_eq!(fits.len(), MAX_BYTES);
    assert!(rlp::decode(&fits).is_ok());
    let says = rlp::decode(&rlp::encode(&leaf(MAX_BYTES - 3)).unwrap()).unwrap_err();
    assert!(says.to_string().contains("at most 1048576"), "{says}");
}

fn one() -> U256 {
    U256::from(1)
}

#[rstest]
#[case::nothing(vec![], "sequence")]
#[case::no_sequence(element(0x31, &[integer(one()), integer(one())].concat()), "sequence")]
#[case::behind([der(one(), one()), vec![0]].concat(), "behind its end")]
#[case::third_integer(
    element(0x30, &[integer(one()), integer(one()), integer(one())].concat()), "behind its end"
)]
#[case::one_integer(element(0x30, &integer(one())), "second integer")]
#[case::long_length(vec![0x30, 0x81, 6, 2, 1, 1, 2, 1, 1], "sequence")]
#[case::indefinite(vec![0x30, 0x80, 2, 1, 1, 2, 1, 1, 0, 0], "sequence")]
#[case::cut(vec![0x30, 6, 2, 1, 1, 2, 1], "within its sequence")]
#[case::padded(element(0x30, &[element(2, &[0, 1]), integer(one())].concat()), "leading zeros")]
#[case::negative(element(0x30, &[element(2, &[0x80]), integer(one())].concat()), "below zero")]
#[case::empty(element(0x30, &[element(2, &[]), integer(one())].concat()), "no bytes")]
#[case::too_long(element(0x30, &[element(2, &[1; 33]), integer(one())].concat()), "256 bits")]
#[case::r_zero(der(U256::ZERO, one()), "outside of 1..order")]
#[case::s_zero(der(one(), U256::ZERO), "outside of 1..order")]
#[case::r_order(der(order(), one()), "outside of 1..order")]
#[case::s_order(der(one(), order()), "outside of 1..order")]
#[case::of_nobody(der(one(), order() - one()), "was not made")]
fn no_signature(#[case] der: Vec<u8>, #[case] says: &str) {
    let refused = normalize_signature(&curve(), &der, keccak256("digest"), Address::ZERO);
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains(says), "{refused}");
}

#[test]
fn both_twins_of_a_signature_become_the_low_one() {
    let curve = curve();
    let (digest, key) = (keccak256("digest"), key(&curve));
    let made: Signature = key.sign(&curve, digest).unwrap();
    assert!(made.s <= HALF_ORDER);
    for s in [made.s, order() - made.s] {
        let der = der(made.r, s);
        assert_eq!(
            normalize_signature(&curve, &der, digest, key.address()),
            Ok(made)
        );
        let other = normalize_signature(&curve, &der, keccak256("other"), key.address());
        assert!(other.unwrap_err().to_string().contains("was not made"));
    }
}
