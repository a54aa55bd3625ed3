//! Why a call was reverted: names of the venue, texts, panics, and bytes of anyone.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

use alloy_primitives::{U256, hex};
use proptest::prelude::*;
use rstest::rstest;
use vanta_core::abi::{AbiTable, DynSolValue, Kind};

fn table() -> AbiTable {
    AbiTable::new([]).unwrap()
}

fn said(data: &[u8]) -> Option<(String, Vec<DynSolValue>)> {
    let table = table();
    let (error, values) = table.decode_error(data)?;
    Some((error.canonical.clone(), values))
}

fn text(data: &[u8]) -> Option<String> {
    let (name, values) = said(data)?;
    assert_eq!(name, "Error(string)");
    match values.as_slice() {
        [DynSolValue::String(text)] => Some(text.clone()),
        _ => None,
    }
}

/// `Error(string)` with its length as given and `tail` behind it.
fn written(length: u64, tail: &[u8]) -> Vec<u8> {
    let mut data = hex!("08c379a0").to_vec();
    data.extend(U256::from(32).to_be_bytes::<32>());
    data.extend(U256::from(length).to_be_bytes::<32>());
    data.extend(tail);
    data
}

#[rstest]
#[case("756688fe", "InvalidNonce()")]
#[case("cf5470d4", "PositionMismatch()")]
#[case("769d11e4", "InvalidDeadline()")]
#[case("ab4068a0", "OnlyBatchedFlowAllowed()")]
#[case("62dd5ee3", "WrongSl()")]
#[case("7f527065", "WrongTp()")]
#[case("4c9b2c59", "HighSlippage()")]
#[case("fb284874", "BelowMinPosition()")]
#[case("df20a888", "PnlOrderNotAllowed()")]
fn an_error_of_the_venue_is_known(#[case] selector: &str, #[case] name: &str) {
    let data = hex::decode(selector).unwrap();
    assert_eq!(said(&data), Some((name.to_owned(), Vec::new())));
    assert_eq!(said(&[data.as_slice(), &[0]].concat()), None, "argument");
    let table = table();
    let entry = table.find(Kind::Error, name).unwrap();
    assert_eq!((entry.version.as_str(), entry.doubtful), ("v2", true));
    assert!(
        table.function_of(&data).is_none(),
        "an error is no function"
    );
}

#[test]
fn a_panic_says_its_number() {
    let mut data = hex!("4e487b71").to_vec();
    data.extend(U256::from(0x11).to_be_bytes::<32>());
    let values = vec![DynSolValue::Uint(U256::from(0x11), 256)];
    assert_eq!(said(&data), Some(("Panic(uint256)".to_owned(), values)));
    data.pop();
    assert_eq!(said(&data), None);
}

#[test]
fn a_text_is_read_as_contracts_write_it() {
    let padded = |text: &[u8], size: usize| {
        let mut tail = text.to_vec();
        tail.resize(size, 0);
        tail
    };
    let wrong_tp = b"WRONG_TP";
    for tail in [
        padded(wrong_tp, 32),
        wrong_tp.to_vec(),
        padded(wrong_tp, 64),
        padded(b"WRONG_TPdirt", 32),
    ] {
        assert_eq!(text(&written(8, &tail)).as_deref(), Some("WRONG_TP"));
    }
    assert_eq!(text(&written(0, &[])).as_deref(), Some(""));
    assert_eq!(text(&written(2, b"a\xff")).as_deref(), Some("a\u{fffd}"));
}

#[rstest]
#[case(written(9, b"WRONG_TP"))]
#[case(written(u64::MAX, b"WRONG_TP"))]
#[case(hex!("08c379a0").to_vec())]
#[case(written(0, &[])[..67].to_vec())]
#[case(hex!("08c379").to_vec())]
#[case(Vec::new())]
fn what_is_cut_short_is_nothing(#[case] data: Vec<u8>) {
    assert_eq!(said(&data), None);
}

#[test]
fn a_text_begins_behind_its_length() {
    let mut data = written(1, b"x");
    if let Some(offset) = data.get_mut(35) {
        *offset = 64;
    }
    assert_eq!(said(&data), None);
}

#[test]
fn a_line_adds_an_error() {
    let table = AbiTable::new(["v2 error Late(uint256 now, uint256 deadline)"]).unwrap();
    let entry = table.find(Kind::Error, "Late").unwrap();
    let mut data = entry.selector().to_vec();
    data.extend(U256::from(7).to_be_bytes::<32>());
    data.extend(U256::from(6).to_be_bytes::<32>());
    let (found, values) = table.decode_error(&data).unwrap();
    assert_eq!(found.canonical, "Late(uint256,uint256)");
    let numbers = [7, 6].map(|n| DynSolValue::Uint(U256::from(n), 256));
    assert_eq!(values, numbers);
    assert!(AbiTable::new(["v2 error Late(uint256 indexed now)"]).is_err());
}

proptest! {
    #[test]
    fn any_bytes_are_an_error_or_nothing(
        selector in prop_oneof![Just(hex!("08c379a0")), Just(hex!("4e487b71")), any::<[u8; 4]>()],
        rest in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let data = [selector.as_slice(), &rest].concat();
        if let Some((name, _)) = said(&data) {
            prop_assert!(name.contains('('));
        }
    }
}
