//! Margin maths against the venue's own package (`tests/vectors/avantis_compute.json`).
//!
//! The reference works in doubles and human units and clamps nothing; ours is exact, in integers,
//! rounded once and clamped. So results agree to one unit of rounding plus the double's 1e-9, and
//! where the reference runs past a clamp ours must stand at it.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::float_arithmetic,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "the reference's results are doubles; a test stops at the first surprise"
)]

use std::fs;

use rstest::rstest;
use serde_json::Value;
use vanta_core::margin::{Side, fee, liquidation_price, notional, pnl};
use vanta_core::units::{E10, PriceE10, RatioE10, UsdE6};

fn vectors(function: &str) -> Vec<Value> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/vectors/avantis_compute.json"
    );
    let mut file: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let Value::Array(all) = file["vectors"].take() else {
        panic!("no vectors")
    };
    all.into_iter()
        .filter(|vector| vector["function"] == function)
        .collect()
}

/// A decimal (plain or with an exponent) times 10^digits, truncated toward zero; none for text
/// that is no number.
fn scaled(value: &Value, digits: i32) -> Option<i64> {
    let text = value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned);
    let lower = text.to_lowercase();
    let (mantissa, exponent) = match lower.split_once('e') {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (lower.as_str(), 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let unscaled: i128 = format!("{whole}{fraction}").parse().ok()?;
    let shift = exponent + digits - i32::try_from(fraction.len()).ok()?;
    let power = 10_i128.checked_pow(shift.unsigned_abs())?;
    let exact = if shift >= 0 {
        unscaled.checked_mul(power)?
    } else {
        unscaled / power
    };
    i64::try_from(exact).ok()
}

fn price(value: &Value) -> PriceE10 {
    PriceE10::new(scaled(value, 10).unwrap()).unwrap()
}

fn usd(value: &Value) -> UsdE6 {
    UsdE6::new(scaled(value, 6).unwrap()).unwrap()
}

fn ratio(value: &Value) -> RatioE10 {
    RatioE10::new(scaled(value, 10).unwrap()).unwrap()
}

fn side(value: &Value) -> Side {
    Side::from_is_long(value.as_bool().unwrap())
}

/// Within one unit of rounding and the reference's own relative error.
fn agree(ours: i64, reference: f64, scale: f64) -> bool {
    let wanted = reference * scale;
    (ours as f64 - wanted).abs() <= 1.0 + wanted.abs() * 1e-9
}

/// `pnl` against an unclamped reference. A price with more than ten decimals was truncated on the
/// way in; what one unit of price is worth to this position is added to the tolerance.
fn check_gross(
    entry: PriceE10,
    current: &Value,
    collateral: UsdE6,
    leverage: RatioE10,
    side: Side,
    reference: f64,
) {
    let ours = pnl(entry, price(current), collateral, leverage, side).unwrap();
    if reference * 1e6 <= -(collateral.get() as f64) {
        assert_eq!(ours, collateral.negated(), "{entry:?} {current}");
        return;
    }
    let unit = notional(collateral, leverage).unwrap().get() as f64 / entry.get() as f64;
    let gap = (ours.get() as f64 - reference * 1e6).abs();
    let truncated = if current.to_string().len() > 12 {
        unit
    } else {
        0.0
    };
    let allowed = 1.0 + truncated + (reference * 1e6).abs() * 1e-9;
    assert!(gap <= allowed, "{entry:?} {current}: {ours:?} {reference}");
}

#[rstest]
fn gross_pnl() {
    let (mut checked, mut refused) = (0, 0);
    for vector in vectors("gross_pnl") {
        let args: [&Value; 5] = std::array::from_fn(|index| &vector["args"][index]);
        if args[0] == 0 || args[1] == 0 {
            // A price of 0 is "no price" here: never a profit or a loss.
            let (at, entry) = (price(args[0]), price(args[1]));
            assert!(pnl(entry, at, usd(args[2]), ratio(args[3]), side(args[4])).is_err());
            refused += 1;
            continue;
        }
        let reference = vector["result"].as_f64().unwrap();
        check_gross(
            price(args[1]),
            args[0],
            usd(args[2]),
            ratio(args[3]),
            side(args[4]),
            reference,
        );
        checked += 1;
    }
    assert_eq!((checked, refused), (25, 2));
}

#[rstest]
fn gross_and_closing_fee_of_net_pnl() {
    let (mut gross, mut fees) = (0, 0);
    for vector in vectors("net_pnl") {
        let k = &vector["kwargs"];
        let result = &vector["result"];
        if result.is_null() {
            continue;
        }
        check_gross(
            price(&k["open_price"]),
            &k["current_price"],
            usd(&k["collateral"]),
            ratio(&k["leverage"]),
            side(&k["is_long"]),
            result["gross"].as_f64().unwrap(),
        );
        gross += 1;
        let charged = !k["close_fee_p"].is_null() && k["is_upside"] != true;
        if !charged || k["close_fee_base"] == "notional_plus_pnl" {
            continue;
        }
        // Percent e10 times the percent that is not discounted, back to a ratio e10.
        let percent = scaled(&k["close_fee_p"], 10).unwrap();
        let discount = scaled(&k["fee_discount_p"], 10).unwrap();
        let rate = i128::from(percent) * i128::from(100 * E10 - discount);
        let rate = i64::try_from(rate / i128::from(E10) / 10_000).unwrap();
        let rate = RatioE10::new(rate).unwrap();
        let ours = fee(
            notional(usd(&k["collateral"]), ratio(&k["leverage"])).unwrap(),
            rate,
        )
        .unwrap();
        let reference = result["closing_fee"].as_f64().unwrap();
        assert!(
            agree(ours.get(), reference, 1e6),
            "{}: {ours:?} {reference}",
            vector["id"]
        );
        fees += 1;
    }
    assert_eq!((gross, fees), (52, 18));
}

#[rstest]
fn liquidation_prices() {
    let (mut checked, mut clamped, mut refused) = (0, 0, 0);
    for vector in vectors("estimate_liquidation_price") {
        let k = &vector["kwargs"];
        let reference = vector["result"].as_f64().unwrap();
        let threshold = scaled(&k["liq_threshold_p"], 8).unwrap_or(85 * E10 / 100);
        let optional =
            |name: &str| scaled(&k[name], 6).map_or(UsdE6::ZERO, |raw| UsdE6::new(raw).unwrap());
        let ours = liquidation_price(
            price(&k["open_price"]),
            usd(&k["collateral"]),
            ratio(&k["leverage"]),
            side(&k["is_long"]),
            RatioE10::new(threshold).unwrap(),
            optional("rollover_fee"),
            optional("funding_fee"),
        );
        if k["collateral"] == 0 {
            // The reference answers 0 for no position; here there is no line to ask for.
            assert!(ours.is_err());
            refused += 1;
            continue;
        }
        let ours = ours.unwrap();
        if reference <= 0.0 {
            assert_eq!(ours, PriceE10::ZERO, "{}", vector["id"]);
            clamped += 1;
        } else {
            assert!(
                agree(ours.get(), reference, 1e10),
                "{}: {ours:?} {reference}",
                vector["id"]
            );
            checked += 1;
        }
    }
    assert_eq!((checked, clamped, refused), (51, 2, 1));
}

#[rstest]
fn position_sizes_of_the_venues_own_models() {
    let mut checked = 0;
    for vector in vectors("position_model") {
        let position = &vector["kwargs"]["position"];
        let raw = |name: &str| position[name].as_str().unwrap().parse::<i64>().unwrap();
        let collateral = UsdE6::new(raw("collateral")).unwrap();
        let leverage = RatioE10::new(raw("leverage")).unwrap();
        let result = &vector["result"];
        assert_eq!(
            notional(collateral, leverage),
            Ok(usd(&result["position_size"]))
        );
        // The scales themselves: raw integers are what our units hold.
        assert_eq!(price(&result["open_price"]).get(), raw("openPrice"));
        assert_eq!(
            price(&result["liquidation_price"]).get(),
            raw("liquidationPrice")
        );
        assert_eq!(usd(&result["rollover_fee"]).get(), raw("rolloverFee"));
        checked += 1;
    }
    assert_eq!(checked, 24);
}

#[rstest]
fn gross_of_the_venues_own_positions() {
    let mut checked = 0;
    for vector in vectors("position_net_pnl") {
        let k = &vector["kwargs"];
        let position = &k["position"];
        let raw = |name: &str| position[name].as_str().unwrap().parse::<i64>().unwrap();
        check_gross(
            PriceE10::new(raw("openPrice")).unwrap(),
            &k["current_price"],
            UsdE6::new(raw("collateral")).unwrap(),
            RatioE10::new(raw("leverage")).unwrap(),
            side(&position["buy"]),
            vector["result"]["gross"].as_f64().unwrap(),
        );
        checked += 1;
    }
    assert_eq!(checked, 24);
}

// The scaling every other vector's inputs go through.
#[rstest]
#[case::price("scale_p10", 10, 26)]
#[case::usdc("scale_usdc", 6, 25)]
fn human_numbers_scale_as_in_the_reference(
    #[case] function: &str,
    #[case] digits: i32,
    #[case] count: usize,
) {
    let all = vectors(function);
    assert_eq!(all.len(), count);
    for vector in all {
        let wanted = vector["result"]
            .as_str()
            .map(|text| text.parse::<i64>().unwrap());
        assert_eq!(
            scaled(&vector["args"][0], digits),
            wanted,
            "{}",
            vector["id"]
        );
    }
}
