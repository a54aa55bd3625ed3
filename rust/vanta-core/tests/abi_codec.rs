//! Values to bytes and back: limits of each type, and bytes that nobody honest wrote.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use alloy_primitives::{Address, B256, I256, U256, hex};
use proptest::prelude::*;
use rstest::rstest;
use vanta_core::CoreError;
use vanta_core::abi::{
    BuilderCode, DynSolType, DynSolValue, append_builder_code, decode, encode, encode_packed,
    parse_type, split_builder_code,
};

fn kinds(text: &[&str]) -> Vec<DynSolType> {
    text.iter().map(|text| parse_type(text).unwrap()).collect()
}

/// Words from their last hex digits; a word that begins with `<` is from its first.
fn words(text: &[&str]) -> Vec<u8> {
    let word = |text: &&str| match text.strip_prefix('<') {
        Some(left) => format!("{left:0<64}"),
        None => format!("{text:0>64}"),
    };
    hex::decode(text.iter().map(word).collect::<String>()).unwrap()
}

fn one(kind: &str, value: DynSolValue) -> Result<Vec<u8>, CoreError> {
    encode(&kinds(&[kind]), vec![value])
}

#[rstest]
#[case("uint8", 8, "255", true)]
#[case("uint8", 8, "256", false)]
#[case(
    "uint248",
    248,
    "452312848583266388373324160190187140051835877600158453279131187530910662655",
    true
)]
#[case(
    "uint248",
    248,
    "452312848583266388373324160190187140051835877600158453279131187530910662656",
    false
)]
fn an_unsigned_number_fits_or_not(
    #[case] kind: &str,
    #[case] bits: usize,
    #[case] value: &str,
    #[case] fits: bool,
) {
    let made = one(kind, DynSolValue::Uint(value.parse().unwrap(), bits));
    assert_eq!(made.is_ok(), fits);
    if let Err(error) = made {
        let text = error.to_string();
        assert!(
            text.contains(kind) && text.contains(value) && text.contains("[0]"),
            "{text}"
        );
    }
}

#[rstest]
#[case("int8", 8, "127", true)]
#[case("int8", 8, "128", false)]
#[case("int8", 8, "-128", true)]
#[case("int8", 8, "-129", false)]
#[case(
    "int256",
    256,
    "-57896044618658097711785492504343953926634992332820282019728792003956564819968",
    true
)]
fn a_signed_number_fits_or_not(
    #[case] kind: &str,
    #[case] bits: usize,
    #[case] value: &str,
    #[case] fits: bool,
) {
    let value: I256 = value.parse().unwrap();
    assert_eq!(one(kind, DynSolValue::Int(value, bits)).is_ok(), fits);
}

#[test]
fn values_of_another_shape_are_refused() {
    let flag = || DynSolValue::Bool(true);
    assert!(one("uint8", flag()).is_err());
    assert!(one("bool[2]", DynSolValue::FixedArray(vec![flag()])).is_err());
    assert!(one("(bool,bool)", DynSolValue::Tuple(vec![flag()])).is_err());
    assert!(encode(&kinds(&["bool"]), vec![]).is_err());
    assert!(encode(&[], vec![flag()]).is_err());
    let nested = DynSolValue::Array(vec![DynSolValue::Tuple(vec![
        flag(),
        DynSolValue::Uint(U256::from(300), 8),
    ])]);
    let error = encode(&kinds(&["bool", "(bool,uint8)[]"]), vec![flag(), nested]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "values [1][0][1] 300 does not fit uint8, at most 255"
    );
}

/// Each row: types, words, and whether it is what an encoder writes.
#[rstest]
#[case::a_bool(&["bool"], &["1"], true)]
#[case::a_bool_of_two(&["bool"], &["2"], false)]
#[case::a_bool_from_the_left(&["bool"], &["<01"], false)]
#[case::an_address(&["address"], &["ffffffffffffffffffffffffffffffffffffffff"], true)]
#[case::a_dirty_address(&["address"], &["1ffffffffffffffffffffffffffffffffffffffff"], false)]
#[case::a_byte_too_many(&["uint8"], &["100"], false)]
#[case::minus_one(&["int8"], &["<ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"], true)]
#[case::half_a_sign(&["int8"], &["ff"], false)]
#[case::sign_missing(&["int8"], &["80"], false)]
#[case::bytes4(&["bytes4"], &["<01020304"], true)]
#[case::dirty_bytes4(&["bytes4"], &["<0102030405"], false)]
#[case::a_function(&["function"], &["<010203040506070809000102030405060708090001020304"], true)]
#[case::a_dirty_function(&["function"], &["<01020304050607080900010203040506070809000102030405"], false)]
#[case::nothing(&[], &[], true)]
#[case::something_for_nothing(&[], &["0"], false)]
#[case::nothing_for_something(&["bool"], &[], false)]
#[case::a_word_too_many(&["bool"], &["1", "0"], false)]
#[case::bytes(&["bytes"], &["20", "3", "<010203"], true)]
#[case::no_bytes(&["bytes"], &["20", "0"], true)]
#[case::dirty_padding(&["bytes"], &["20", "3", "<01020304"], false)]
#[case::a_full_word(&["bytes"], &["20", "20", "<ff"], true)]
#[case::a_word_missing(&["bytes"], &["20", "21", "<ff"], false)]
#[case::huge_length(&["bytes"], &["20", "ffffffffffffffff", "0"], false)]
#[case::wrapping_length(&["bytes"], &["20", "<ff", "0"], false)]
#[case::offset_to_itself(&["bytes"], &["0", "0"], false)]
#[case::offset_beyond(&["bytes"], &["40", "0"], false)]
#[case::offset_with_a_gap(&["bytes"], &["40", "0", "0"], false)]
#[case::wrapping_offset(&["bytes"], &["<ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe0", "0"], false)]
#[case::two_tails(&["bytes", "bytes"], &["40", "60", "0", "0"], true)]
#[case::one_tail_twice(&["bytes", "bytes"], &["40", "40", "0"], false)]
#[case::tails_swapped(&["bytes", "bytes"], &["60", "40", "0", "0"], false)]
#[case::an_array(&["uint8[]"], &["20", "2", "1", "2"], true)]
#[case::a_short_array(&["uint8[]"], &["20", "3", "1", "2"], false)]
#[case::a_huge_array(&["uint8[]"], &["20", "ffffffff", "1", "2"], false)]
#[case::a_huge_fixed_array(&["uint8[18446744073709551615]"], &["1"], false)]
#[case::huge_fixed_arrays(&["(bool[18446744073709551615],bytes)[]"], &["20", "1", "0"], false)]
#[case::array_of_arrays(&["bool[][]"], &["20", "2", "40", "60", "0", "1", "1"], true)]
#[case::arrays_that_share(&["bool[][]"], &["20", "2", "40", "40", "1", "1"], false)]
#[case::static_tuple(&["(bool,uint8)[2]"], &["1", "2", "0", "3"], true)]
#[case::text(&["string"], &["20", "2", "<c3a9"], true)]
#[case::no_text(&["string"], &["20", "2", "<c328"], false)]
fn only_what_an_encoder_writes_is_read(
    #[case] types: &[&str],
    #[case] data: &[&str],
    #[case] good: bool,
) {
    let (types, data) = (kinds(types), words(data));
    match decode(&types, &data) {
        Ok(values) => {
            assert!(good);
            assert_eq!(encode(&types, values).unwrap(), data);
        }
        Err(error) => {
            assert!(!good, "{error}");
            assert!(matches!(error, CoreError::Abi { .. }));
        }
    }
}

#[test]
fn packed_elements_are_whole_words() {
    let small = |value: u8| DynSolValue::Uint(U256::from(value), 8);
    let types = kinds(&[
        "uint8",
        "int16",
        "bytes2",
        "bytes2[]",
        "int8[1][]",
        "string",
        "bool",
    ]);
    let bytes2 = DynSolValue::FixedBytes(B256::right_padding_from(&[7, 8]), 2);
    let values = vec![
        small(1),
        DynSolValue::Int(I256::MINUS_ONE, 16),
        bytes2.clone(),
        DynSolValue::Array(vec![bytes2]),
        DynSolValue::Array(vec![DynSolValue::FixedArray(vec![DynSolValue::Int(
            I256::MINUS_ONE,
            8,
        )])]),
        DynSolValue::String("ab".into()),
        DynSolValue::Bool(true),
    ];
    let packed = encode_packed(&types, &values).unwrap();
    let wanted = [
        hex::decode("01ffff0708").unwrap(),
        words(&["<0708"]),
        vec![0xff; 32],
        b"ab\x01".to_vec(),
    ];
    assert_eq!(hex::encode(packed), hex::encode(wanted.concat()));
}

#[rstest]
#[case("(bool)", DynSolValue::Tuple(vec![DynSolValue::Bool(true)]))]
#[case("bytes[]", DynSolValue::Array(vec![DynSolValue::Bytes(vec![1])]))]
#[case("string[][]", DynSolValue::Array(vec![DynSolValue::Array(vec![DynSolValue::String(String::new())])]))]
fn what_solidity_cannot_pack_is_refused(#[case] kind: &str, #[case] value: DynSolValue) {
    assert!(encode_packed(&kinds(&[kind]), &[value]).is_err());
}

fn leaf() -> BoxedStrategy<(DynSolType, DynSolValue)> {
    let unsigned = (1_usize..=32, any::<[u8; 32]>()).prop_map(|(size, raw)| {
        let value = U256::from_be_bytes(raw) >> (256 - size * 8);
        (
            DynSolType::Uint(size * 8),
            DynSolValue::Uint(value, size * 8),
        )
    });
    let signed = (1_usize..=32, any::<[u8; 32]>()).prop_map(|(size, raw)| {
        let value = I256::from_be_bytes(raw).asr(256 - size * 8);
        (DynSolType::Int(size * 8), DynSolValue::Int(value, size * 8))
    });
    let bytes = proptest::collection::vec(any::<u8>(), 0..70);
    let fixed = proptest::collection::vec(any::<u8>(), 1..=32).prop_map(|raw| {
        let word = B256::right_padding_from(&raw);
        (
            DynSolType::FixedBytes(raw.len()),
            DynSolValue::FixedBytes(word, raw.len()),
        )
    });
    prop_oneof![
        unsigned,
        signed,
        fixed,
        any::<bool>().prop_map(|flag| (DynSolType::Bool, DynSolValue::Bool(flag))),
        any::<[u8; 20]>()
            .prop_map(|raw| (DynSolType::Address, DynSolValue::Address(Address::new(raw)))),
        bytes.prop_map(|raw| (DynSolType::Bytes, DynSolValue::Bytes(raw))),
        any::<String>().prop_map(|text| (DynSolType::String, DynSolValue::String(text))),
    ]
    .boxed()
}

fn typed() -> impl Strategy<Value = (DynSolType, DynSolValue)> {
    leaf().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 1..4).prop_map(|members| {
                let (kinds, values) = members.into_iter().unzip();
                (DynSolType::Tuple(kinds), DynSolValue::Tuple(values))
            }),
            (inner.clone(), 1_usize..4).prop_map(|((kind, value), length)| {
                let values = vec![value; length];
                let kind = DynSolType::FixedArray(Box::new(kind), length);
                (kind, DynSolValue::FixedArray(values))
            }),
            (inner, 0_usize..4).prop_map(|((kind, value), length)| {
                let kind = DynSolType::Array(Box::new(kind));
                (kind, DynSolValue::Array(vec![value; length]))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_encoded_decodes_to_itself(items in proptest::collection::vec(typed(), 0..4)) {
        let (types, values): (Vec<_>, Vec<_>) = items.into_iter().unzip();
        let data = encode(&types, values.clone()).unwrap();
        prop_assert_eq!(decode(&types, &data).unwrap(), values);
    }

    #[test]
    fn what_decodes_was_encoded(
        (kind, value) in typed(), at: usize, byte: u8, cut in 0_usize..64, more in 0_usize..3,
    ) {
        let types = [kind];
        let mut data = encode(&types, vec![value]).unwrap();
        if let Some(place) = at.checked_rem(data.len()).and_then(|at| data.get_mut(at)) {
            *place = byte;
        }
        data.truncate(data.len().saturating_sub(cut.saturating_sub(40)));
        data.extend(vec![byte; more.saturating_sub(1) * 32]);
        if let Ok(values) = decode(&types, &data) {
            prop_assert_eq!(encode(&types, values).unwrap(), data);
        }
    }

    #[test]
    fn a_mark_comes_off_as_it_went_on(
        call in proptest::collection::vec(any::<u8>(), 0..80), code: [u8; 32], rate: u64,
        rate_bytes in 8_usize..=32,
    ) {
        let mark = BuilderCode { code: B256::new(code), rate: U256::from(rate) };
        let marked = append_builder_code(&call, &mark, rate_bytes).unwrap();
        prop_assert_eq!(marked.len(), call.len() + 36 + rate_bytes);
        prop_assert_eq!(split_builder_code(&marked, rate_bytes).unwrap(), Some((&*call, mark)));
    }
}

#[test]
fn a_mark_that_is_none() {
    let mark = BuilderCode {
        code: B256::ZERO,
        rate: U256::from(256),
    };
    assert!(append_builder_code(&[], &mark, 1).is_err());
    assert!(append_builder_code(&[], &mark, 2).is_ok());
    assert!(append_builder_code(&[], &mark, 0).is_err());
    assert!(append_builder_code(&[], &mark, 33).is_err());
    assert!(split_builder_code(&[], 0).is_err());
    assert_eq!(split_builder_code(&[], 1).unwrap(), None);
    assert_eq!(split_builder_code(&hex!("009481c2bc"), 1).unwrap(), None);
    let bare = [vec![0; 33], hex!("9481c2bc").to_vec()].concat();
    assert!(split_builder_code(&bare, 1).unwrap().is_some());
    assert_eq!(split_builder_code(&bare, 2).unwrap(), None);
}
