//! Calldata of anyone: what decodes is encoded to the same bytes again.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use vanta_core::abi::{AbiTable, split_builder_code};

static TABLE: LazyLock<AbiTable> = LazyLock::new(|| AbiTable::new([]).expect("our own table"));

fuzz_target!(|calldata: &[u8]| {
    let _ = split_builder_code(calldata, 32);
    if let Ok(Some((function, args))) = TABLE.decode_call(calldata) {
        assert_eq!(function.encode_call(args).as_deref(), Ok(calldata));
    }
});
