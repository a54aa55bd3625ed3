//! Transactions: published examples, and the edges of what is written, read and refused.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod tx_support;

use alloy_primitives::{Address, U256, address, hex, keccak256};
use rstest::rstest;
use tx_support::{curve, fees, key, leave, of_kind};
use vanta_core::tx::{
    Fees, GasPrices, MAX_NONCE, Shape, Transaction, assemble, checksum, intrinsic_gas,
    parse_address, read, sign,
};

#[test]
fn the_example_of_eip_155() {
    let curve = curve();
    let tx = Transaction {
        chain_id: Some(1),
        nonce: 9,
        gas_limit: 21_000,
        to: Some(address!("3535353535353535353535353535353535353535")),
        value: U256::from(1_000_000_000_000_000_000_u64),
        data: Vec::new(),
        shape: Shape::Legacy {
            gas_price: U256::from(20_000_000_000_u64),
        },
    };
    assert_eq!(
        hex::encode(tx.signing_hash()),
        "daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53"
    );
    let signed = sign(&curve, &key(&curve), &tx).unwrap();
    assert_eq!(
        hex::encode(&signed.raw),
        "f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025\
         a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276a067cbe9d8997f761aecb7\
         03304b3800ccf555c9f3dc64214b297fb1966a3b6d83"
    );
}

#[rstest]
#[case::legacy(0)]
#[case::access_list(1)]
#[case::dynamic_fee(2)]
#[case::set_code(4)]
fn what_is_signed_is_read_back(#[case] kind: u8) {
    let (curve, tx) = (curve(), of_kind(kind));
    let key = key(&curve);
    let signed = sign(&curve, &key, &tx).unwrap();
    let read = read(&curve, &signed.raw).unwrap();
    assert_eq!(read.tx, tx);
    assert_eq!(read.sender, key.address());
    assert_eq!(read.hash, signed.hash);
    assert_eq!(keccak256(&signed.raw), signed.hash);
    assert_eq!(keccak256(tx.preimage()), tx.signing_hash());
    assert_eq!(assemble(&tx, &read.signature).unwrap(), signed);
}

#[test]
fn blobs_and_chainless_are_assembled_but_not_signed() {
    let curve = curve();
    let key = key(&curve);
    let chainless = Transaction {
        chain_id: None,
        ..of_kind(0)
    };
    for (tx, name) in [(of_kind(3), "type"), (chainless, "chain_id")] {
        let refused = sign(&curve, &key, &tx).unwrap_err();
        assert!(refused.to_string().starts_with(name), "{refused}");
        let signature = key.sign(&curve, tx.signing_hash()).unwrap();
        let signed = assemble(&tx, &signature).unwrap();
        assert_eq!(read(&curve, &signed.raw).unwrap().tx, tx);
    }
}

fn with(kind: u8, change: impl FnOnce(&mut Transaction)) -> Transaction {
    let mut tx = of_kind(kind);
    change(&mut tx);
    tx
}

fn with_fees(kind: u8, fees: Fees) -> Transaction {
    with(kind, |tx| match &mut tx.shape {
        Shape::DynamicFee { fees: own, .. }
        | Shape::Blob { fees: own, .. }
        | Shape::SetCode { fees: own, .. } => *own = fees,
        _ => unreachable!(),
    })
}

#[rstest]
#[case::last_nonce(with(2, |tx| tx.nonce = MAX_NONCE), None)]
#[case::nonce_after_it(with(2, |tx| tx.nonce = u64::MAX), Some("nonce"))]
#[case::all_to_the_producer(with_fees(2, fees(7, 7)), None)]
#[case::more_to_the_producer(with_fees(2, fees(7, 8)), Some("max_priority_fee_per_gas_wei"))]
#[case::more_of_a_delegation(with_fees(4, fees(7, 8)), Some("max_priority_fee_per_gas_wei"))]
#[case::creation(with(2, |tx| tx.to = None), None)]
#[case::creation_of_a_delegation(with(4, |tx| tx.to = None), Some("to"))]
#[case::creation_with_blobs(with(3, |tx| tx.to = None), Some("to"))]
#[case::no_chain(with(2, |tx| tx.chain_id = None), Some("chain_id"))]
#[case::no_chain_of_old(with(0, |tx| tx.chain_id = None), None)]
#[case::no_leave(with(4, |tx| if let Shape::SetCode { authorizations, .. } = &mut tx.shape {
    authorizations.clear();
}), Some("authorizations"))]
#[case::largest_chain(with(0, |tx| tx.chain_id = Some(u64::MAX)), None)]
fn no_chain_takes_these(#[case] tx: Transaction, #[case] refused: Option<&str>) {
    match refused {
        None => tx.check().unwrap(),
        Some(name) => assert!(tx.check().unwrap_err().to_string().starts_with(name)),
    }
    // The same rules hold for bytes of others.
    let curve = curve();
    let signature = key(&curve).sign(&curve, tx.signing_hash()).unwrap();
    assert_eq!(assemble(&tx, &signature).is_err(), refused.is_some());
}

#[rstest]
#[case::r_of_zero(|r: &mut U256, _: &mut U256| *r = U256::ZERO, "outside of 1..order")]
#[case::r_of_the_order(|r: &mut U256, _: &mut U256| *r = tx_support::order(), "outside of 1..order")]
#[case::s_of_zero(|_: &mut U256, s: &mut U256| *s = U256::ZERO, "outside of 1..order")]
#[case::high_s(|_: &mut U256, s: &mut U256| *s = tx_support::order() - *s, "high s")]
fn signatures_no_chain_takes(#[case] change: fn(&mut U256, &mut U256), #[case] says: &str) {
    let (curve, tx) = (curve(), of_kind(2));
    let mut signature = key(&curve).sign(&curve, tx.signing_hash()).unwrap();
    change(&mut signature.r, &mut signature.s);
    let refused = assemble(&tx, &signature).unwrap_err().to_string();
    assert!(refused.contains(says), "{refused}");
}

#[test]
fn what_an_account_signs_to_run_code() {
    let curve = curve();
    let leave = leave();
    let signature = vanta_core::ecdsa::Signature {
        r: leave.r,
        s: leave.s,
        y_is_odd: leave.y_parity == 1,
    };
    let signer = curve
        .recover(leave.authorization.signing_hash(), &signature)
        .unwrap();
    assert_eq!(signer, key(&curve).address());
    // keccak(5 ‖ rlp([chain 8453, address, nonce 4])), written by hand.
    let by_hand = [&hex!("05d9822105" "94")[..], &[6; 20], &[4]].concat();
    assert_eq!(leave.authorization.signing_hash(), keccak256(by_hand));
}

#[rstest]
#[case::nothing(0, vec![], 21_000, 21_000)]
#[case::one_zero(0, vec![0], 21_004, 21_010)]
#[case::one_other(0, vec![1], 21_016, 21_040)]
#[case::declared(1, vec![], 21_000 + 2_400 + 2 * 1_900, 21_000)]
#[case::delegation(4, vec![], 21_000 + 2_400 + 2 * 1_900 + 25_000, 21_000)]
fn gas_before_code_runs(
    #[case] kind: u8,
    #[case] data: Vec<u8>,
    #[case] intrinsic: u64,
    #[case] floor: u64,
) {
    let tx = with(kind, |tx| tx.data = data);
    let gas = intrinsic_gas(&tx, &GasPrices::PRAGUE).unwrap();
    assert_eq!((gas.intrinsic, gas.floor), (intrinsic, floor));
}

#[rstest]
#[case::a_word(32, 2)]
#[case::a_word_begun(33, 4)]
fn gas_of_a_creation(#[case] bytes: usize, #[case] words: u64) {
    let tx = with(0, |tx| {
        tx.to = None;
        tx.data = vec![0; bytes];
    });
    let gas = intrinsic_gas(&tx, &GasPrices::PRAGUE).unwrap();
    let of_bytes = 4 * u64::try_from(bytes).unwrap();
    assert_eq!(gas.intrinsic, 21_000 + 32_000 + words + of_bytes);
}

#[test]
fn gas_that_does_not_fit_is_an_overflow() {
    let prices = GasPrices {
        nonzero_byte: u64::MAX,
        ..GasPrices::PRAGUE
    };
    assert!(
        intrinsic_gas(&of_kind(0), &prices)
            .unwrap_err()
            .is_overflow()
    );
}

const CHECKED: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";

#[rstest]
#[case::checked(CHECKED, true)]
#[case::lower("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", true)]
#[case::upper("0x5AAEB6053F3E94C9B9A09F33669435E7EF1BEAED", true)]
#[case::one_case_wrong("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaed", false)]
#[case::one_digit_wrong("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAee", false)]
#[case::no_prefix("5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", false)]
#[case::other_prefix("0X5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", false)]
#[case::two_prefixes("0x0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeA", false)]
#[case::too_short("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe", false)]
#[case::too_long("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed0", false)]
#[case::no_hex("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeg", false)]
#[case::space(" 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", false)]
#[case::empty("", false)]
fn address_text(#[case] text: &str, #[case] good: bool) {
    let read = parse_address(text);
    assert_eq!(read.is_ok(), good, "{read:?}");
    if let Ok(address) = read {
        assert_eq!(checksum(address), CHECKED);
    }
}

#[test]
fn zero_address_has_no_case() {
    assert_eq!(parse_address(&checksum(Address::ZERO)), Ok(Address::ZERO));
}
