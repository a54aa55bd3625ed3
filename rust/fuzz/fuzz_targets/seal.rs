//! Records of a tampered database: whatever opens was sealed by the key, so nothing does.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use vanta_core::seal::{Context, Kek, info, unseal};

static KEKS: LazyLock<[Kek; 1]> =
    LazyLock::new(|| [Kek::local("k", 1, [7; 32].into()).expect("a plain id")]);

fuzz_target!(|record: &[u8]| {
    let context = Context::new("owner", b"subject", "evm", "test").expect("short fields");
    let _ = info(record);
    assert!(unseal(record, &*KEKS, &context).is_err());
});
