//! The book: what holds for every account and every open.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod risk_support;

use proptest::prelude::*;
use risk_support::{NOON, Setup, price, ratio, request, rules, time, usd};
use vanta_core::margin::Side;
use vanta_core::risk::{OpenRequest, RiskVerdict, Rule};
use vanta_core::units::{DAY_NS, E6, E10, HOUR_NS};

prop_compose! {
    // Limits around what is asked, so that every rule fails in some cases and passes in others.
    fn setup()(
        cash in 1..5_000 * E6,
        day_start in 1..5_000 * E6,
        min_notional in 0..1_000 * E6,
        max_position in 0..30_000 * E6,
        risk in 0..E10,
        daily_loss in 0..E10,
        (minute, day) in (0..6_i64, 0..12_i64),
        volume_hour in 0..60_000 * E6,
        volume_day in 0..90_000 * E6,
        fees in 0..E10 / 100,
        opens in prop::collection::vec((NOON - 2 * HOUR_NS..=NOON, 0..10_000 * E6), 0..12),
        early in prop::collection::vec((NOON - DAY_NS..=NOON, 0..10_000 * E6), 0..6),
    ) -> Setup {
        let mut setup = Setup { cash, day_start, ..Setup::default() };
        setup.market.min_notional = usd(min_notional);
        setup.market.open_fee = ratio(fees);
        setup.limits.max_position = usd(max_position);
        setup.limits.max_account_risk = ratio(risk);
        setup.limits.max_daily_loss = ratio(daily_loss);
        setup.limits.opens_per_minute = minute;
        setup.limits.trades_per_day = day;
        setup.limits.volume_hour = usd(volume_hour);
        setup.limits.volume_day = usd(volume_day);
        setup.opens = early.into_iter().chain(opens).collect();
        setup
    }
}

prop_compose! {
    fn asked()(
        is_long in any::<bool>(),
        collateral in 1..5_000 * E6,
        leverage in E10..100 * E10,
        quoted in 1_000..100_000 * E10,
        stop in prop::option::of(0..E10 / 10),
    ) -> OpenRequest {
        let away = stop.map(|share| price(quoted).times_ceil(ratio(share)).unwrap().get());
        OpenRequest {
            side: Side::from_is_long(is_long),
            collateral: usd(collateral),
            leverage: ratio(leverage),
            price: price(quoted),
            stop: away.map(|away| price(if is_long { quoted - away } else { quoted + away })),
            ..request()
        }
    }
}

fn fails(verdict: &RiskVerdict, rule: Rule) -> bool {
    rules(verdict).contains(&rule)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn the_nearest_size_passes_and_the_next_does_not(setup in setup(), asked in asked()) {
        let mut setup = setup;
        // Only rules about size, so that there is something to find.
        setup.day_start = 0;
        setup.limits.opens_per_minute = 1_000;
        setup.limits.trades_per_day = 1_000;
        let mut book = setup.book();
        let verdict = book.check(&asked).unwrap();
        let mut passes = |collateral: i64| {
            book.check(&OpenRequest { collateral: usd(collateral), ..asked }).unwrap().ok()
        };
        let nearest = verdict.nearest_collateral.get();
        if verdict.ok() {
            prop_assert_eq!(nearest, 0);
        } else if nearest == 0 {
            // Nothing smaller passes: probe all magnitudes.
            let mut probe = asked.collateral.get();
            while probe > 1 {
                probe = probe * 9 / 10;
                prop_assume!(probe > 0);
                prop_assert!(!passes(probe), "{} of {}", probe, asked.collateral.get());
            }
        } else {
            prop_assert!(nearest < asked.collateral.get());
            prop_assert!(passes(nearest));
            prop_assert!(!passes(nearest + 1));
        }
    }

    #[test]
    fn waiting_until_the_reset_is_enough_and_no_less(setup in setup(), asked in asked()) {
        let mut book = setup.book();
        book.start_day(asked.user, time(NOON).day_start(), usd(setup.day_start)).unwrap();
        for failure in &book.check(&asked).unwrap().failures {
            let mut at = |now: i64| {
                let later = OpenRequest { now: time(now), ..asked };
                fails(&book.check(&later).unwrap(), failure.rule)
            };
            let resets = failure.resets_at.get();
            if resets == 0 {
                for wait in [HOUR_NS, DAY_NS, 400 * DAY_NS] {
                    prop_assert!(at(NOON + wait), "{:?}", failure);
                }
            } else {
                prop_assert!(resets > NOON);
                prop_assert!(!at(resets), "{:?}", failure);
                prop_assert!(at(resets - 1), "{:?}", failure);
            }
        }
    }

    #[test]
    fn opens_in_any_order_make_the_same_windows(
        setup in setup(),
        asked in asked(),
        swaps in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let mut shuffled = setup.clone();
        for (index, swap) in swaps.iter().enumerate() {
            if !shuffled.opens.is_empty() {
                let n = shuffled.opens.len();
                shuffled.opens.swap(index % n, swap.index(n));
            }
        }
        prop_assert_eq!(setup.verdict(&asked), shuffled.verdict(&asked));
    }

    #[test]
    fn worst_loss_never_falls_with_size(setup in setup(), asked in asked(), more in 1..E6) {
        let larger = OpenRequest { collateral: usd(asked.collateral.get() + more), ..asked };
        let (small, large) = (setup.verdict(&asked).figures, setup.verdict(&larger).figures);
        prop_assert!(small.worst_loss <= large.worst_loss);
        prop_assert!(small.required < large.required);
        prop_assert_eq!(small.entry, large.entry);
        prop_assert_eq!(small.liquidation, large.liquidation);
    }
}
