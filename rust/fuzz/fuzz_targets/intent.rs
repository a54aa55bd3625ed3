//! Intents built by a service: what decodes is encoded to the same bytes again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vanta_core::eip712::{INTENT_KINDS, Intent};

fuzz_target!(|input: (u8, &[u8])| {
    let (which, data) = input;
    let Some(kind) = INTENT_KINDS.get(usize::from(which) % INTENT_KINDS.len()) else {
        return;
    };
    if let Ok(values) = Intent::decode(kind, data) {
        let intent = Intent::new(kind, values).expect("what was decoded can be an intent");
        assert_eq!(intent.abi_bytes(), data);
    }
});
