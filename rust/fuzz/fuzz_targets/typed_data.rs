//! Typed data of anyone: a digest or an error, the same each time.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vanta_core::eip712::TypedData;

fuzz_target!(|json: &str| {
    if let Ok(found) = TypedData::read(json) {
        let again = TypedData::read(json).expect("it was read before");
        assert_eq!(found.digest(), again.digest());
    }
});
