//! Typed data beside the reader of another library, where that one takes it.
#![expect(clippy::unwrap_used, reason = "tests")]

use alloy_dyn_abi::eip712::TypedData as Theirs;
use alloy_primitives::{address, b256, hex};
use proptest::prelude::*;
use rstest::rstest;
use vanta_core::eip712::delegation::delegate_of;
use vanta_core::eip712::{TypedData, personal_digest};

const MAIL: &str = r#"{
    "types": {
        "EIP712Domain": [
            {"name": "name", "type": "string"}, {"name": "version", "type": "string"},
            {"name": "chainId", "type": "uint256"}, {"name": "verifyingContract", "type": "address"}
        ],
        "Person": [{"name": "name", "type": "string"}, {"name": "wallet", "type": "address"}],
        "Mail": [
            {"name": "from", "type": "Person"}, {"name": "to", "type": "Person[]"},
            {"name": "contents", "type": "string"}, {"name": "kinds", "type": "int16[2][]"}
        ]
    },
    "primaryType": "Mail",
    "domain": {
        "name": "Ether Mail", "version": "1", "chainId": 1,
        "verifyingContract": "0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC"
    },
    "message": {
        "from": {"name": "Cow", "wallet": "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"},
        "to": [{"name": "Bob", "wallet": "0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB"}],
        "contents": "Hello, Bob!",
        "kinds": [[-32768, 32767], [0, 1]]
    }
}"#;

#[test]
fn mail_is_as_another_library_reads_it() {
    let theirs: Theirs = serde_json::from_str(MAIL).unwrap();
    let ours = TypedData::read(MAIL).unwrap();
    assert_eq!(ours.digest(), theirs.eip712_signing_hash().unwrap());
    assert_eq!(ours.separator, theirs.domain.separator());
}

#[rstest]
#[case::type_of_a_field("\"type\": \"Person[]\"", "\"type\": \"Persons[]\"")]
#[case::integer("-32768", "-32769")]
#[case::fraction("32767", "32766.0")]
#[case::exponent("32767", "3e4")]
#[case::length("[0, 1]", "[0, 1, 2]")]
#[case::checksum("0xCD2a", "0xcD2a")]
#[case::unknown_field("\"contents\": \"Hello", "\"content\": \"Hello")]
#[case::doubled_field("\"contents\": \"H", "\"contents\": \"\", \"contents\": \"H")]
#[case::half_a_pair("Hello", "\\ud83d")]
fn one_change_is_refused(#[case] old: &str, #[case] new: &str) {
    assert!(MAIL.contains(old));
    assert!(TypedData::read(&MAIL.replacen(old, new, 1)).is_err());
}

proptest! {
    #[test]
    fn any_text_is_refused_or_read(place in 0..MAIL.len(), put in ".{0,3}", cut in 0_usize..4) {
        let end = (place + cut).min(MAIL.len());
        let (Some(head), Some(tail)) = (MAIL.get(..place), MAIL.get(end..)) else { return Ok(()) };
        let text = format!("{head}{put}{tail}");
        if let Ok(ours) = TypedData::read(&text) {
            let theirs: Theirs = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(ours.digest(), theirs.eip712_signing_hash().unwrap());
        }
    }
}

#[rstest]
#[case(b"", b256!("5f35dce98ba4fba25530a026ed80b2cecdaa31091ba4958b99b52ea1d068adad"))]
#[case(b"hello", b256!("50b2c43fd39106bafbba0da34fc430e1f91e3c96ea2acee2bc34119f92b37750"))]
fn personal_messages(#[case] message: &[u8], #[case] digest: alloy_primitives::B256) {
    assert_eq!(personal_digest(message), digest);
}

#[test]
fn delegated_code_is_a_prefix_and_an_address() {
    let template = address!("5aF42746a8Af42d8a4708dF238C53F1F71abF0E0");
    let code = hex!("ef01005af42746a8af42d8a4708df238c53f1f71abf0e0");
    assert_eq!(delegate_of(&code), Some(template));
    let (_, shorter) = code.split_last().unwrap();
    for other in [shorter, &hex!("ef0101"), &[]] {
        assert_eq!(delegate_of(other), None);
    }
}
