//! Keys: made, imported, sealed, used, forgotten; and what is refused.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::sync::Arc;

use alloy_primitives::{Address, B256, address, hex};
use proptest::prelude::*;
use rstest::rstest;
use vanta_core::CoreError;
use vanta_core::ecdsa::{Curve, HALF_ORDER, Signature};
use vanta_core::keyring::{
    CREATE_ENTROPY, DEFAULT_PATH, Key, Keyring, Node, Path, Seed, create_key, open_wallet,
    seal_key, unseal_key,
};
use vanta_core::seal::{Context, Kek, seal, unseal};
use zeroize::Zeroizing;

const JUNK: &str = "test test test test test test test test test test test junk";
const ABANDON: &str =
    "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";
const RANDOM: [u8; 32] = *b"thirty-two bytes nobody can gues";

fn curve() -> Curve {
    Curve::blinded(&[3; 32])
}

fn key(last: u8) -> Key {
    let mut secret = Zeroizing::new([0; 32]);
    secret.copy_from_slice(&[[0; 31].as_slice(), &[last]].concat());
    Key::new(&curve(), secret).unwrap()
}

fn kek() -> Kek {
    Kek::local("main", 1, Zeroizing::new([9; 32])).unwrap()
}

fn from_phrase(phrase: &str, path: &str, passphrase: &str) -> Result<Key, CoreError> {
    let seed = Seed::from_phrase(phrase.as_bytes(), passphrase.as_bytes())?;
    Node::derive(&curve(), &seed, &Path::parse(path)?)?.key(&curve())
}

fn about(outcome: Result<Key, CoreError>) -> (&'static str, String) {
    match outcome {
        Err(CoreError::Invalid { name, reason }) => (name, reason),
        Err(CoreError::OutOfRange { name, .. }) => (name, String::new()),
        other => panic!("not refused: {other:?}"),
    }
}

#[rstest]
#[case::first(JUNK, DEFAULT_PATH, address!("f39Fd6e51aad88F6F4ce6aB8827279cffFb92266"))]
#[case::second(JUNK, "m/44'/60'/0'/0/1", address!("70997970C51812dc3A010C7d01b50e0d17dc79C8"))]
#[case::hardened_by_h(JUNK, "m/44h/60H/0'/0/1", address!("70997970C51812dc3A010C7d01b50e0d17dc79C8"))]
#[case::zero_entropy(ABANDON, DEFAULT_PATH, address!("9858EfFD232B4033E47d90003D41EC34EcaEda94"))]
fn published_phrases(#[case] phrase: &str, #[case] path: &str, #[case] expected: Address) {
    assert_eq!(from_phrase(phrase, path, "").unwrap().address(), expected);
    let spaced = format!("  {}\n", phrase.replace(' ', "\t \u{3000}"));
    assert_eq!(from_phrase(&spaced, path, "").unwrap().address(), expected);
    assert_ne!(from_phrase(phrase, path, "x").unwrap().address(), expected);
}

#[test]
fn normal_forms_of_a_phrase_are_one_phrase() {
    // "déposer" and the passphrase, composed and decomposed.
    let composed = from_phrase(JUNK, DEFAULT_PATH, "\u{e9}").unwrap().address();
    let decomposed = from_phrase(JUNK, DEFAULT_PATH, "e\u{301}")
        .unwrap()
        .address();
    assert_eq!(composed, decomposed);
}

#[rstest]
#[case::too_few("abandon about", "has 2 words")]
#[case::none("", "has 0 words")]
#[case::too_many(&format!("{ABANDON} {ABANDON} about"), "has 25 words")]
#[case::checksum(&ABANDON.replace("about", "above"), "wrong checksum")]
#[case::unknown(&ABANDON.replacen("abandon about", "zzzzzz about", 1), "a word 11")]
#[case::capitals(&ABANDON.replace("about", "About"), "a word 12")]
#[case::two_languages(&ABANDON.replace("about", "ábaco"), "a word 12")]
#[case::long(&"a".repeat(2_049), "the limit is 2048")]
fn wrong_phrases(#[case] phrase: &str, #[case] told: &str) {
    let (name, reason) = about(from_phrase(phrase, DEFAULT_PATH, ""));
    assert_eq!(name, "phrase");
    assert!(reason.contains(told), "{reason}");
    assert!(
        !reason.contains("zzz"),
        "a word of the phrase is repeated: {reason}"
    );
}

#[test]
fn text_that_is_no_unicode_is_refused() {
    assert!(Seed::from_phrase(b"\xff", b"").is_err());
    assert!(Seed::from_phrase(ABANDON.as_bytes(), b"\xff").is_err());
}

#[rstest]
#[case::master("m", true)]
#[case::largest("m/2147483647'", true)]
#[case::hardened_without_mark("m/2147483648", false)]
#[case::empty("", false)]
#[case::no_master("44'/60'", false)]
#[case::trailing("m/", false)]
#[case::double("m//0", false)]
#[case::sign("m/+1", false)]
#[case::negative("m/-1", false)]
#[case::space("m/ 1", false)]
#[case::twice("m/1''", false)]
#[case::letters("m/x", false)]
#[case::long_number("m/00000000001", false)]
#[case::other_digits("m/١", false)]
fn paths(#[case] text: &str, #[case] good: bool) {
    assert_eq!(Path::parse(text).is_ok(), good);
}

#[test]
fn a_path_has_at_most_255_steps() {
    assert!(Path::parse(&format!("m{}", "/0".repeat(255))).is_ok());
    assert!(Path::parse(&format!("m{}", "/0".repeat(256))).is_err());
}

#[rstest]
#[case::raw(&[&[0; 31], [1].as_slice()].concat(), true)]
#[case::hex(
    b"0000000000000000000000000000000000000000000000000000000000000001",
    true
)]
#[case::prefixed(
    b"0x0000000000000000000000000000000000000000000000000000000000000001",
    true
)]
#[case::zero(&[0; 32], false)]
#[case::order(&hex!("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"), false)]
#[case::largest(&hex!("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140"), true)]
#[case::short(&[1; 31], false)]
#[case::odd(&[b'1'; 63], false)]
#[case::no_hex(&[b'g'; 64], false)]
#[case::empty(b"", false)]
fn raw_keys(#[case] given: &[u8], #[case] good: bool) {
    assert_eq!(Key::from_raw(&curve(), given).is_ok(), good);
}

#[test]
fn handles_are_given_once() {
    let mut ring = Keyring::default();
    assert_eq!(
        (ring.add(key(1)).unwrap(), ring.add(key(2)).unwrap()),
        (0, 1)
    );
    let held = Arc::downgrade(&ring.key(1).unwrap());
    ring.forget(1).unwrap();
    assert!(held.upgrade().is_none(), "the key is dropped, and so wiped");
    assert_eq!(
        ring.key(1).unwrap_err().to_string(),
        "handle 1 was forgotten"
    );
    assert_eq!(
        ring.forget(1).unwrap_err().to_string(),
        "handle 1 was forgotten"
    );
    assert_eq!(ring.key(2).unwrap_err().to_string(), "handle 2 is unknown");
    assert_eq!(ring.add(key(3)).unwrap(), 2);
    assert_eq!((ring.len(), ring.is_empty()), (2, false));
    assert_eq!(format!("{ring:?}"), "Keyring(2 keys)");
}

#[test]
fn a_created_key_comes_back_from_its_record_only() {
    let mut entropy = [0; CREATE_ENTROPY];
    entropy
        .iter_mut()
        .zip(1..)
        .for_each(|(byte, value)| *byte = value);
    let (made, record) = create_key(&curve(), &entropy, &kek(), "user 7", "trade").unwrap();
    let address = made.address();
    let open = |owner, purpose, address| {
        unseal_key(&curve(), &record, &[kek()], owner, purpose, address).map(|key| key.address())
    };
    assert_eq!(open("user 7", "trade", address), Ok(address));
    for other in [
        open("user 8", "trade", address),
        open("user 7", "sweep", address),
        open("user 7", "trade", key(1).address()),
    ] {
        assert!(matches!(other, Err(CoreError::Seal { .. })));
    }
    // The call that hands secrets out does not open keys, nor does a keyring take other secrets.
    let context = Context::new("user 7", address.as_slice(), "evm", "trade").unwrap();
    assert!(unseal(&record, &[kek()], &context).is_err());
    let secret = seal(&[1; 32], &kek(), &context, &RANDOM).unwrap();
    assert!(unseal_key(&curve(), &secret, &[kek()], "user 7", "trade", address).is_err());
}

#[test]
fn entropy_of_a_new_key_must_be_random() {
    for entropy in [
        [0; 64],
        [[1; 32], RANDOM].concat().try_into().unwrap(),
        [RANDOM, [1; 32]].concat().try_into().unwrap(),
    ] {
        let made = create_key(&curve(), &entropy, &kek(), "u", "p").map(|(key, _)| key);
        assert_eq!(about(made).0, "entropy");
    }
}

#[test]
fn an_imported_key_is_sealed_like_a_created_one() {
    let record = seal_key(&key(1), &kek(), "u", "p", &RANDOM).unwrap();
    let back = unseal_key(&curve(), &record, &[kek()], "u", "p", key(1).address()).unwrap();
    assert_eq!(back.public_key(), key(1).public_key());
}

const V3: &str = r#"{"crypto":{"cipher":"aes-128-ctr","ciphertext":"cea502df4b9405fa2b6d8d19ec4e2953c5ce08e0e01d4c0292512ce62baef8f3","cipherparams":{"iv":"deadbeef1deadbeef2deadbeef301234"},"kdf":"scrypt","kdfparams":{"salt":"abcd1abcd2abcd3abcd4abcd5abcd6ef","n":1024,"dklen":32,"p":2,"r":4},"mac":"6e0a8e2409261d464e35a251f4b1fddd6ad0f7045a18d3957c127387f1c0de72"},"address":"17c5185167401ed00cf5f5b2fc97d9bbfdb7d025","version":3}"#;

#[rstest]
#[case::as_it_is("", "", "password")]
#[case::address("\"17c5185", "\"17c5186", "password")]
#[case::version("\"version\":3", "\"version\":1", "json")]
#[case::cipher("128-ctr", "128-cbc", "json")]
#[case::kdf("\"scrypt\"", "\"bcrypt\"", "json")]
#[case::iv("deadbeef1", "deadbeef", "json")]
#[case::mac("6e0a8e", "6e0a8f", "password")]
#[case::no_mac("\"mac\"", "\"mak\"", "json")]
#[case::ciphertext("cea502", "cea503", "password")]
#[case::short_ciphertext("cea502", "cea5", "json")]
#[case::cost("1024", "4294967296", "n")]
#[case::blocks("\"r\":4", "\"r\":4000000", "n")]
#[case::no_power("1024", "1025", "n")]
#[case::negative("1024", "-1024", "json")]
#[case::fraction("1024", "1024.5", "json")]
#[case::dklen("\"dklen\":32", "\"dklen\":31", "json")]
#[case::twice("\"version\":3", "\"version\":3,\"Crypto\":{}", "json")]
#[case::type_of_crypto("{\"crypto\":{", "{\"crypto\":[],\"x\":{", "json")]
#[case::salt("\"abcd1abcd2", "\"xbcd1abcd2", "json")]
fn keystores(#[case] from: &str, #[case] to: &str, #[case] told: &str) {
    if from.is_empty() {
        let named = address!("17c5185167401ed00cf5f5b2fc97d9bbfdb7d025");
        assert_eq!(
            open_wallet(&curve(), V3.as_bytes(), b"foo")
                .unwrap()
                .address(),
            named
        );
        assert_eq!(about(open_wallet(&curve(), V3.as_bytes(), b"bar")).0, told);
        return;
    }
    assert!(V3.contains(from));
    let wallet = V3.replacen(from, to, 1);
    assert_eq!(
        about(open_wallet(&curve(), wallet.as_bytes(), b"foo")).0,
        told
    );
}

#[rstest]
#[case::nothing(b"")]
#[case::text(b"\"x\"")]
#[case::list(b"[]")]
#[case::empty(b"{}")]
#[case::no_unicode(b"{\"\xff\":1}")]
#[case::deep(&[b'['; 5_000])]
#[case::large(&vec![b' '; 70_000])]
#[case::crowdsale_without_address(b"{\"encseed\":\"00\"}")]
#[case::crowdsale_short(b"{\"encseed\":\"00\",\"ethaddr\":\"00\"}")]
fn files_that_are_no_wallets(#[case] json: &[u8]) {
    let (name, _) = about(open_wallet(&curve(), json, b""));
    assert_eq!(name, "json");
}

proptest! {
    #[test]
    fn a_batch_signs_as_one_by_one(digests: Vec<[u8; 32]>, secret in 1..255u8) {
        let (curve, key) = (curve(), key(secret));
        let signed = key.sign_rows(&curve, &digests.concat()).unwrap();
        let one_by_one: Vec<u8> = digests
            .iter()
            .flat_map(|digest| key.sign(&curve, B256::new(*digest)).unwrap().rsv())
            .collect();
        prop_assert_eq!(&signed, &one_by_one);
        for (row, digest) in signed.chunks(65).zip(&digests) {
            let signature = Signature::from_rsv(row).unwrap();
            prop_assert!(signature.s <= HALF_ORDER);
            prop_assert_eq!(curve.recover(B256::new(*digest), &signature).unwrap(), key.address());
        }
    }

    #[test]
    fn no_text_makes_an_import_panic(text: String, bytes: Vec<u8>) {
        let _ = Path::parse(&text);
        let _ = Path::parse(&format!("m/{text}"));
        let _ = Seed::from_phrase(&bytes, text.as_bytes());
        let _ = open_wallet(&curve(), &bytes, &bytes);
        let _ = Key::from_raw(&curve(), &bytes);
        let _ = key(1).sign_rows(&curve(), &bytes);
    }
}
