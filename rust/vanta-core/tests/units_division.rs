//! Units: ranges, named roundings, and products wider than 128 bits.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use proptest::prelude::*;
use rstest::rstest;
use vanta_core::CoreError;
use vanta_core::units::{
    DAY_NS, E10, PriceE10, RatioE10, TimeNs, UsdE6, UserIx, div_ceil, div_floor, div_half_even,
    mul_div_ceil, mul_div_floor,
};

#[rstest]
#[case::exact(6, 3, 2, 2, 2)]
#[case::below_half(7, 5, 1, 2, 1)]
#[case::above_half(8, 5, 1, 2, 2)]
#[case::tie_to_even_down(5, 2, 2, 3, 2)]
#[case::tie_to_even_up(7, 2, 3, 4, 4)]
#[case::negative_tie(-5, 2, -3, -2, -2)]
#[case::negative(-7, 5, -2, -1, -1)]
#[case::negative_divisor(7, -5, -2, -1, -1)]
#[case::both_negative(-7, -5, 1, 2, 1)]
#[case::zero(0, 7, 0, 0, 0)]
fn divisions_round_as_named(
    #[case] numerator: i128,
    #[case] divisor: i128,
    #[case] floor: i64,
    #[case] ceil: i64,
    #[case] half_even: i64,
) {
    assert_eq!(div_floor(numerator, divisor), Ok(floor));
    assert_eq!(div_ceil(numerator, divisor), Ok(ceil));
    assert_eq!(div_half_even(numerator, divisor), Ok(half_even));
}

#[rstest]
fn a_zero_divisor_is_invalid_and_a_large_quotient_overflows() {
    for divide in [div_floor, div_ceil, div_half_even] {
        assert!(matches!(divide(1, 0), Err(CoreError::Invalid { .. })));
        assert!(
            divide(i128::from(i64::MAX) + 1, 1)
                .unwrap_err()
                .is_overflow()
        );
        assert!(divide(i128::MIN, -1).unwrap_err().is_overflow());
        assert_eq!(divide(i128::from(i64::MAX), 1), Ok(i64::MAX));
        assert_eq!(divide(i128::from(i64::MIN), 1), Ok(i64::MIN));
    }
}

#[rstest]
fn wide_products_have_the_same_errors() {
    for multiply in [mul_div_floor, mul_div_ceil] {
        assert!(matches!(multiply(1, 1, 0), Err(CoreError::Invalid { .. })));
        assert!(matches!(
            multiply(2, i128::MAX, 0),
            Err(CoreError::Invalid { .. })
        ));
        assert!(multiply(2, i128::MAX, 1).unwrap_err().is_overflow());
        assert!(
            multiply(i64::MAX, i128::MAX, i128::MAX)
                .unwrap_err()
                .is_overflow()
        );
    }
}

#[rstest]
fn ranges_are_checked_at_construction() {
    assert!(PriceE10::new(-1).is_err());
    assert!(RatioE10::new(-1).is_err());
    assert!(TimeNs::new(-1).is_err());
    assert!(UsdE6::new(i64::MIN).is_err());
    assert_eq!(UsdE6::new(-i64::MAX).unwrap().negated(), UsdE6::MAX);
    assert_eq!(UserIx::new(u32::MAX).unwrap().get(), u32::MAX);
    let error = PriceE10::new(-5).unwrap_err().named("entry_e10");
    assert_eq!(
        error.to_string(),
        "entry_e10 -5 is outside of 0..=9223372036854775807"
    );
}

#[rstest]
fn sums_leave_their_range_as_errors() {
    let one = PriceE10::new(1).unwrap();
    assert!(PriceE10::MAX.checked_add(one).unwrap_err().is_overflow());
    assert!(PriceE10::ZERO.checked_sub(one).unwrap_err().is_overflow());
    let cent = UsdE6::new(1).unwrap();
    assert!(
        UsdE6::MAX
            .negated()
            .checked_sub(cent)
            .unwrap_err()
            .is_overflow()
    );
    assert_eq!(UsdE6::ZERO.checked_sub(cent), UsdE6::new(-1));
    assert!(TimeNs::MAX.checked_add_ns(1).unwrap_err().is_overflow());
    assert!(TimeNs::ZERO.checked_add_ns(-1).unwrap_err().is_overflow());
}

#[rstest]
fn days_start_at_midnight_utc() {
    let noon = TimeNs::new(DAY_NS + DAY_NS / 2).unwrap();
    assert_eq!(noon.day_start().get(), DAY_NS);
    assert_eq!(noon.day_start().day_start(), noon.day_start());
}

proptest! {
    #[test]
    fn floor_and_ceil_enclose(numerator in any::<i64>(), divisor in any::<i64>()) {
        prop_assume!(divisor != 0);
        let (n, d) = (i128::from(numerator), i128::from(divisor));
        prop_assume!(n / d <= i128::from(i64::MAX));
        let (low, high) = (div_floor(n, d).unwrap(), div_ceil(n, d).unwrap());
        // low <= n/d <= high, both within one, multiplied out by the divisor's sign.
        let sign = d.signum();
        prop_assert!(i128::from(low) * d * sign <= n * sign);
        prop_assert!(i128::from(high) * d * sign >= n * sign);
        prop_assert!(high - low == i64::from(n % d != 0));
        let even = div_half_even(n, d).unwrap();
        prop_assert!(even == low || even == high);
        let twice = (2 * (n - i128::from(even) * d)).abs();
        prop_assert!(twice <= d.abs());
        prop_assert!(twice < d.abs() || even % 2 == 0);
    }

    // b is built as k * d + r, so that the exact answer is known without 192-bit integers:
    // a * b / d = a * k + a * r / d.
    #[test]
    fn wide_products_are_exact(
        a in any::<i64>(),
        d in (1_i128 << 90)..(1_i128 << 125),
        k in -1_i128..=1,
        r in any::<i64>(),
    ) {
        let b = k * d + i128::from(r);
        let rest = i128::from(a) * i128::from(r);
        let whole = i128::from(a) * k;
        let low = whole + i128::from(div_floor(rest, d).unwrap());
        let high = whole + i128::from(div_ceil(rest, d).unwrap());
        prop_assert_eq!(mul_div_floor(a, b, d).ok(), i64::try_from(low).ok());
        prop_assert_eq!(mul_div_ceil(a, b, d).ok(), i64::try_from(high).ok());
        prop_assert_eq!(mul_div_floor(a, -b, -d).ok(), i64::try_from(low).ok());
        // Rounding down the negation is rounding up, negated.
        prop_assert_eq!(mul_div_floor(a, -b, d).ok(), i64::try_from(-high).ok());
    }

    #[test]
    fn shares_round_as_named(amount in 0..=i64::MAX / 4, ratio in 0..=2 * E10) {
        let (usd, rate) = (UsdE6::new(amount).unwrap(), RatioE10::new(ratio).unwrap());
        let exact = i128::from(amount) * i128::from(ratio);
        prop_assert_eq!(usd.times_floor(rate).unwrap().wide(), exact.div_euclid(i128::from(E10)));
        let up = -(-exact).div_euclid(i128::from(E10));
        prop_assert_eq!(usd.times_ceil(rate).unwrap().wide(), up);
        let price = PriceE10::new(amount).unwrap();
        prop_assert_eq!(price.times_ceil(rate).unwrap().wide(), up);
        prop_assert_eq!(price.times_floor(rate).unwrap().get(), usd.times_floor(rate).unwrap().get());
    }
}
