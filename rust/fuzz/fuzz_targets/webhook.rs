//! Headers and bodies of strangers: none of them is signed.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use vanta_core::webhook::{Delivery, Secrets, verify};

static SECRETS: LazyLock<Secrets> =
    LazyLock::new(|| Secrets::new([[9_u8; 32].as_slice()]).expect("a secret of 32 bytes"));

fuzz_target!(|input: (&[u8], &[u8], &[u8], &[u8])| {
    let (id, timestamp, body, signature) = input;
    assert_eq!(
        verify(
            &SECRETS,
            &Delivery {
                id,
                timestamp,
                body,
                signature
            }
        ),
        -1
    );
});
