//! Wallet files of strangers: a key or an error, within the limits on memory and rounds.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use vanta_core::ecdsa::Curve;
use vanta_core::keyring::{Path, open_wallet};

static CURVE: LazyLock<Curve> = LazyLock::new(Curve::public);

fuzz_target!(|json: &[u8]| {
    let _ = open_wallet(&CURVE, json, b"password");
    if let Ok(text) = std::str::from_utf8(json) {
        let _ = Path::parse(text);
    }
});
