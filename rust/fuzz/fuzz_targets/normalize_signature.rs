//! DER of a key service: refused, or a low-s signature of the expected address.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use vanta_core::ecdsa::{Curve, HALF_ORDER};
use vanta_core::tx::normalize_signature;

static CURVE: LazyLock<Curve> = LazyLock::new(Curve::public);

fuzz_target!(|input: ([u8; 32], [u8; 20], &[u8])| {
    let (digest, address, der) = input;
    if let Ok(signature) = normalize_signature(&CURVE, der, digest.into(), address.into()) {
        assert!(signature.s <= HALF_ORDER);
        assert_eq!(CURVE.recover(digest.into(), &signature), Ok(address.into()));
    }
});
