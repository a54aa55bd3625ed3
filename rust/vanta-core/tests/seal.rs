//! Sealed records: what opens, and that nothing else does.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

use proptest::prelude::*;
use rstest::rstest;
use vanta_core::CoreError;
use vanta_core::seal::{
    Algorithm, Context, ENTROPY, Kek, MAX_SECRET, MAX_WRAPPED, info, rewrap, seal, unseal,
};
use zeroize::Zeroizing;

const RANDOM: [u8; ENTROPY] = *b"thirty-two bytes nobody can gues";

fn local(id: &str, version: u32, fill: u8) -> Kek {
    Kek::local(id, version, Zeroizing::new([fill; 32])).unwrap()
}

fn external(id: &str, version: u32, fill: u8, wrapped: &[u8]) -> Kek {
    Kek::external(id, version, Zeroizing::new([fill; 32]), wrapped).unwrap()
}

fn context() -> Context<'static> {
    Context::new("user 7", b"subject", "evm", "webhook").unwrap()
}

fn refused(outcome: Result<Zeroizing<Vec<u8>>, CoreError>) -> String {
    match outcome {
        Err(CoreError::Seal { reason }) => reason,
        other => panic!("not refused as a seal: {:?}", other.map(|_| "opened")),
    }
}

#[test]
fn a_record_is_laid_out_as_documented() {
    let record = seal(b"secret", &local("main", 258, 1), &context(), &RANDOM).unwrap();
    assert_eq!(record[..3], [1, 1, 4]);
    assert_eq!(record[3..7], *b"main");
    assert_eq!(record[7..13], [0, 0, 1, 2, 0, 60]);
    assert_eq!(record.len(), 13 + 60 + 12 + 6 + 16);
    let said = info(&record).unwrap();
    assert_eq!(said.algorithm, Algorithm::Local);
    assert_eq!((said.kek_id.as_str(), said.kek_version), ("main", 258));
    assert_eq!(said.wrapped_dek, record[13..73]);
}

#[rstest]
#[case::local(local("main", 1, 1))]
#[case::external(external("arn:aws:kms:eu-west-1:1:key/2", 1, 1, b"opaque"))]
fn each_flipped_bit_and_each_cut_is_refused(#[case] kek: Kek) {
    let record = seal(b"the secret", &kek, &context(), &RANDOM).unwrap();
    let keks = [kek, local("other", 1, 9)];
    assert_eq!(
        **unseal(&record, &keks, &context()).unwrap(),
        *b"the secret"
    );
    for bit in 0..record.len() * 8 {
        let mut flipped = record.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        refused(unseal(&flipped, &keks, &context()));
    }
    for length in 0..record.len() {
        refused(unseal(&record[..length], &keks, &context()));
    }
    refused(unseal(
        &[record.as_slice(), b"\0"].concat(),
        &keks,
        &context(),
    ));
}

#[rstest]
#[case::owner(Context::new("user 8", b"subject", "evm", "webhook"))]
#[case::subject(Context::new("user 7", b"subjecu", "evm", "webhook"))]
#[case::family(Context::new("user 7", b"subject", "svm", "webhook"))]
#[case::purpose(Context::new("user 7", b"subject", "evm", "webhooks"))]
#[case::moved_border(Context::new("user 7s", b"ubject", "evm", "webhook"))]
#[case::swapped(Context::new("user 7", b"subject", "webhook", "evm"))]
fn another_context_is_refused(#[case] other: Result<Context<'static>, CoreError>) {
    for kek in [local("main", 1, 1), external("main", 1, 1, b"opaque")] {
        let record = seal(b"secret", &kek, &context(), &RANDOM).unwrap();
        assert!(refused(unseal(&record, &[kek], &other.clone().unwrap())).contains("wrong owner"));
    }
}

#[test]
fn the_kek_is_chosen_by_name() {
    let record = seal(b"secret", &local("main", 2, 1), &context(), &RANDOM).unwrap();
    // The right bytes under another name are not tried.
    for kek in [
        local("main", 1, 1),
        local("mail", 2, 1),
        external("main", 2, 1, b"x"),
    ] {
        let reason = refused(unseal(&record, &[kek], &context()));
        assert_eq!(reason, "names the key main version 2, which is not given");
    }
    // The right name with other bytes does not open.
    let reason = refused(unseal(&record, &[local("main", 2, 3)], &context()));
    assert!(reason.contains("wrong key"), "{reason}");
    // The data key of another record is no key of this one.
    let record = seal(b"secret", &external("kms", 1, 1, b"a"), &context(), &RANDOM).unwrap();
    refused(unseal(&record, &[external("kms", 1, 1, b"b")], &context()));
    refused(unseal(&record, &[external("kms", 1, 2, b"a")], &context()));
}

#[test]
fn rewrapping_touches_only_the_data_key() {
    let (old, new) = (local("main", 1, 1), local("main", 2, 2));
    let record = seal(b"secret", &old, &context(), &RANDOM).unwrap();
    let renewed = rewrap(
        &record,
        &old,
        &new,
        &[7; 31]
            .iter()
            .chain(&[8])
            .copied()
            .collect::<Vec<_>>()
            .try_into()
            .unwrap(),
    )
    .unwrap();
    let secret_part = 12 + 6 + 16;
    assert_eq!(
        record[record.len() - secret_part..],
        renewed[renewed.len() - secret_part..]
    );
    assert_eq!(
        **unseal(&renewed, std::slice::from_ref(&new), &context()).unwrap(),
        *b"secret"
    );
    refused(unseal(&renewed, std::slice::from_ref(&old), &context()));
    // What the old key opens is not what the new one does.
    assert!(rewrap(&renewed, &old, &new, &RANDOM).is_err());
    let third = local("main", 3, 3);
    assert!(rewrap(&record, &local("main", 1, 9), &third, &RANDOM).is_err());
    assert!(matches!(
        rewrap(&record, &old, &old, &RANDOM),
        Err(CoreError::Invalid {
            name: "new_kek",
            ..
        })
    ));
    let kms = external("kms", 1, 1, b"a");
    assert!(matches!(
        rewrap(&record, &old, &kms, &RANDOM),
        Err(CoreError::Invalid {
            name: "new_kek",
            ..
        })
    ));
    assert!(matches!(
        rewrap(&record, &kms, &new, &RANDOM),
        Err(CoreError::Invalid {
            name: "old_kek",
            ..
        })
    ));
}

#[test]
fn the_same_entropy_never_repeats_a_key_stream() {
    let kek = local("main", 1, 1);
    let make = |secret: &[u8], owner| {
        let context = Context::new(owner, b"s", "evm", "p").unwrap();
        seal(secret, &kek, &context, &RANDOM).unwrap()
    };
    let zeros = make(&[0; 32], "a");
    // Data key, nonce and thus the stream differ with any other secret or owner.
    for other in [
        make(&[1; 32], "a"),
        make(&[0; 32], "b"),
        make(&[0; 31], "a"),
    ] {
        assert_ne!(zeros[13..73], other[13..73]);
        assert_ne!(zeros[73..85], other[73..85]);
    }
    assert_eq!(zeros, make(&[0; 32], "a"));
}

#[test]
fn the_same_entropy_never_wraps_two_data_keys_with_one_nonce() {
    let (old, new) = (local("main", 1, 1), local("main", 2, 2));
    let nonce_of = |secret: &[u8]| {
        let record = seal(secret, &old, &context(), &RANDOM).unwrap();
        rewrap(&record, &old, &new, &RANDOM).unwrap()[13..25].to_vec()
    };
    assert_ne!(nonce_of(b"a"), nonce_of(b"b"));
    assert_eq!(nonce_of(b"a"), nonce_of(b"a"));
}

#[test]
fn another_name_of_the_same_key_does_not_open() {
    let record = seal(b"secret", &local("main", 1, 1), &context(), &RANDOM).unwrap();
    let mut renamed = record.clone();
    renamed[10] = 2; // last byte of the version
    let reason = refused(unseal(&renamed, &[local("main", 2, 1)], &context()));
    assert!(reason.contains("wrong key"), "{reason}");
    let mut renamed = record;
    renamed[6] = b'm'; // last letter of the id
    let reason = refused(unseal(&renamed, &[local("maim", 1, 1)], &context()));
    assert!(reason.contains("wrong key"), "{reason}");
}

#[test]
fn what_a_kms_wrapped_cannot_be_exchanged() {
    let record = seal(b"secret", &external("kms", 1, 1, b"a"), &context(), &RANDOM).unwrap();
    let mut other = record;
    let at = other.iter().position(|byte| *byte == b'a').unwrap();
    other[at] = b'b';
    // The same data key, wrapped another time.
    let reason = refused(unseal(&other, &[external("kms", 1, 1, b"b")], &context()));
    assert!(reason.contains("wrong key"), "{reason}");
}

#[rstest]
#[case::empty(0, false)]
#[case::one(1, true)]
#[case::largest(MAX_SECRET, true)]
#[case::larger(MAX_SECRET + 1, false)]
fn sizes_of_secrets(#[case] length: usize, #[case] fits: bool) {
    let made = seal(&vec![5; length], &local("main", 1, 1), &context(), &RANDOM);
    assert_eq!(made.is_ok(), fits);
}

#[rstest]
#[case::empty(0, false)]
#[case::one(1, true)]
#[case::largest(MAX_WRAPPED, true)]
#[case::larger(MAX_WRAPPED + 1, false)]
fn sizes_of_wrapped_keys(#[case] length: usize, #[case] fits: bool) {
    let made = Kek::external("kms", 1, Zeroizing::new([1; 32]), &vec![5; length]);
    assert_eq!(made.is_ok(), fits);
}

#[rstest]
#[case::empty("", false)]
#[case::space("a b", false)]
#[case::newline("a\n", false)]
#[case::not_ascii("é", false)]
#[case::plain("arn:aws:kms:x:1:key/2-3", true)]
fn ids_of_keys(#[case] id: &str, #[case] fits: bool) {
    assert_eq!(Kek::local(id, 1, Zeroizing::new([1; 32])).is_ok(), fits);
    let long = "k".repeat(256);
    assert!(Kek::local(&long, 1, Zeroizing::new([1; 32])).is_err());
    assert!(Kek::local(&long[..255], 1, Zeroizing::new([1; 32])).is_ok());
}

#[test]
fn a_key_that_was_never_filled_is_refused() {
    let zeros = || Zeroizing::new([0; 32]);
    for made in [
        Kek::local("main", 1, zeros()),
        Kek::external("kms", 1, zeros(), b"a"),
    ] {
        assert_eq!(made.unwrap_err().to_string(), "key is zero, must be random");
    }
}

#[test]
fn entropy_that_was_never_filled_is_refused() {
    for fill in [0, 255] {
        let made = seal(b"x", &local("main", 1, 1), &context(), &[fill; ENTROPY]);
        assert!(matches!(
            made,
            Err(CoreError::Invalid {
                name: "entropy",
                ..
            })
        ));
    }
}

#[test]
fn a_kek_does_not_show_its_bytes() {
    assert_eq!(
        format!("{:?}", local("main", 1, 0xAB)),
        "Kek(main, version 1)"
    );
}

#[test]
fn a_record_of_nothing_is_refused() {
    let record = seal(b"secret", &local("main", 1, 1), &context(), &RANDOM).unwrap();
    for (length, good) in [
        (0, false),
        (1, true),
        (MAX_SECRET, true),
        (MAX_SECRET + 1, false),
    ] {
        let held = [&record[..85], &vec![0; length + 16]].concat();
        assert_eq!(info(&held).is_ok(), good, "{length}");
    }
}

proptest! {
    #[test]
    fn whatever_is_sealed_opens_for_its_owner(
        secret in prop::collection::vec(any::<u8>(), 1..300),
        key in any::<[u8; 32]>().prop_filter("never filled", |key| *key != [0; 32]),
        id in "[!-~]{1,40}",
        version: u32,
        owner in ".{1,20}",
        subject in prop::collection::vec(any::<u8>(), 1..40),
        entropy: [u8; 32],
        wrapped in prop::option::of(prop::collection::vec(any::<u8>(), 1..200)),
    ) {
        let key = Zeroizing::new(key);
        let kek = match wrapped {
            None => Kek::local(&id, version, key).unwrap(),
            Some(wrapped) => Kek::external(&id, version, key, &wrapped).unwrap(),
        };
        let context = Context::new(&owner, &subject, "evm", "p").unwrap();
        let record = seal(&secret, &kek, &context, &entropy).unwrap();
        let opened = unseal(&record, &[kek], &context).unwrap();
        prop_assert_eq!(&**opened, &secret);
    }

    #[test]
    fn garbage_is_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let record = [&[1, 1, 4], b"main".as_slice(), &bytes].concat();
        for record in [bytes, record] {
            prop_assert!(unseal(&record, &[local("main", 1, 1)], &context()).is_err());
        }
    }
}
