//! RLP of anyone: what decodes is encoded to the same bytes again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vanta_core::tx::rlp;

fuzz_target!(|data: &[u8]| {
    if let Ok(item) = rlp::decode(data) {
        assert_eq!(rlp::encode(&item).as_deref(), Ok(data));
    }
});
