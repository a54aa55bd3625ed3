//! Headers of a lying node: a fee forecast is refused or bounded, never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use vanta_core::fees::{FeeMarket, Header, forecast_base_fee, next_base_fee};

fuzz_target!(|input: (&[u8], u128, u64, u64, u64)| {
    let (extra_data, base_fee_wei, gas_used, gas_limit, blob_gas_used) = input;
    let Ok(market) = FeeMarket::of_extra_data(extra_data) else {
        return;
    };
    let header = Header {
        base_fee_wei,
        gas_used,
        gas_limit,
        blob_gas_used,
    };
    if let Ok(next) = next_base_fee(&market, &header)
        && let Ok(worst) = forecast_base_fee(&market, &header, 3)
    {
        assert!(worst >= next);
    }
});
