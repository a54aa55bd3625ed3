//! Any types, any data: what decodes is encoded to the same bytes again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vanta_core::abi::{decode, encode, parse_type};

fuzz_target!(|input: (&str, &[u8])| {
    let (text, data) = input;
    let Ok(kind) = parse_type(text) else { return };
    if let Ok(values) = decode(std::slice::from_ref(&kind), data) {
        assert_eq!(encode(&[kind], values).as_deref(), Ok(data));
    }
});
