//! Transactions of anyone: what decodes is assembled to the same bytes and hash again.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use vanta_core::ecdsa::Curve;
use vanta_core::tx::{assemble, read};

static CURVE: LazyLock<Curve> = LazyLock::new(Curve::public);

fuzz_target!(|raw: &[u8]| {
    let Ok(found) = read(&CURVE, raw) else { return };
    // A type 0 without a chain may have a high s, which we do not write.
    if let Ok(again) = assemble(&found.tx, &found.signature) {
        assert_eq!(again.raw, raw);
        assert_eq!(again.hash, found.hash);
    }
});
