//! Which price fires what, row by row; order, replacement, memory.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod trigger_support;

use rstest::rstest;
use trigger_support::{break_even, market, price, trailing, trigger};
use vanta_core::margin::Side::{self, Long, Short};
use vanta_core::trigger::TriggerKind::{self, Buffer, Limit, StopLoss, TakeProfit};
use vanta_core::trigger::{Arming, TRIGGER_KINDS, TriggerBook};
use vanta_core::units::PriceE10;

fn book(armings: &[Arming]) -> TriggerBook {
    let mut book = TriggerBook::new();
    book.arm_batch(armings).unwrap();
    book
}

/// Ids that fire, tick by tick.
fn run(book: &mut TriggerBook, prices: &[i64]) -> Vec<Vec<i64>> {
    let tick = |at: &i64| {
        let mut fired = Vec::new();
        book.on_quote(market(0), price(*at), &mut fired);
        fired.iter().map(|one| one.id).collect()
    };
    prices.iter().map(tick).collect()
}

#[rstest]
#[case::long_target(TakeProfit, Long, 99, 100, 101)]
#[case::short_target(TakeProfit, Short, 101, 100, 99)]
#[case::long_stop(StopLoss, Long, 101, 100, 99)]
#[case::short_stop(StopLoss, Short, 99, 100, 101)]
#[case::long_buffer(Buffer, Long, 101, 100, 99)]
#[case::short_buffer(Buffer, Short, 99, 100, 101)]
#[case::buy_limit(Limit, Long, 101, 100, 99)]
#[case::sell_limit(Limit, Short, 99, 100, 101)]
fn a_level_fires_when_it_is_reached(
    #[case] kind: TriggerKind,
    #[case] side: Side,
    #[case] not_yet: i64,
    #[case] equal: i64,
    #[case] beyond: i64,
) {
    for at in [equal, beyond] {
        let mut book = book(&[trigger(1, kind, side, 100)]);
        assert_eq!(
            run(&mut book, &[not_yet, at, at]),
            [vec![], vec![1], vec![]]
        );
        assert!(!book.contains(1));
        assert!(!book.disarm(1));
    }
}

#[rstest]
#[case::long_waits(trailing(1, Long, 100, 5), &[96, 100, 96], false)]
#[case::long_at_first_mark(trailing(1, Long, 100, 5), &[95], true)]
#[case::long_not_from_new_peak(trailing(1, Long, 100, 5), &[110, 106], false)]
#[case::long_from_new_peak(trailing(1, Long, 100, 5), &[110, 105], true)]
#[case::long_peak_stays(trailing(1, Long, 100, 5), &[110, 107, 109, 105], true)]
#[case::short_waits(trailing(1, Short, 100, 5), &[104, 100, 104], false)]
#[case::short_at_first_mark(trailing(1, Short, 100, 5), &[105], true)]
#[case::short_from_new_trough(trailing(1, Short, 100, 5), &[90, 95], true)]
#[case::short_not_from_new_trough(trailing(1, Short, 100, 5), &[90, 94], false)]
#[case::further_than_all_prices(trailing(1, Long, 100, 101), &[1], false)]
#[case::further_than_all_prices_no_more(trailing(1, Long, 100, 101), &[102, 1], true)]
#[case::rests_before_activation(break_even(1, Long, 100, 5, 1), &[104, 90, 50], false)]
#[case::active_at_equal(break_even(1, Long, 100, 5, 1), &[105, 102], false)]
#[case::closes_at_offset(break_even(1, Long, 100, 5, 1), &[105, 101], true)]
#[case::closes_below_entry(break_even(1, Long, 100, 5, -2), &[105, 98], true)]
#[case::not_above_negative_offset(break_even(1, Long, 100, 5, -2), &[105, 99], false)]
#[case::short_rests(break_even(1, Short, 100, 5, 1), &[96, 120], false)]
#[case::short_active_at_equal(break_even(1, Short, 100, 5, 1), &[95, 98], false)]
#[case::short_closes(break_even(1, Short, 100, 5, 1), &[95, 99], true)]
fn what_moves_fires_from_where_it_moved(
    #[case] arming: Arming,
    #[case] prices: &[i64],
    #[case] fires: bool,
) {
    let fired = run(&mut book(&[arming]), prices);
    let (last, before) = fired.split_last().unwrap();
    assert!(before.iter().all(Vec::is_empty), "{fired:?}");
    assert_eq!(!last.is_empty(), fires);
}

#[test]
fn a_gap_fires_all_levels_nearest_first_then_by_id() {
    let armings = [
        trigger(9, StopLoss, Long, 95),
        trigger(2, StopLoss, Long, 90),
        trigger(1, Buffer, Long, 90),
        trailing(5, Long, 100, 7),
        trailing(3, Long, 100, 10),
        trailing(-4, Long, 100, 10),
        trigger(6, StopLoss, Long, 79),
        trigger(8, TakeProfit, Short, 96),
    ];
    let mut down = book(&armings);
    assert_eq!(
        run(&mut down, &[99, 80, 79]),
        [vec![], vec![8, 9, 5, -4, 1, 2, 3], vec![6]]
    );
    assert!(down.is_empty());
}

#[test]
fn one_price_that_reaches_target_and_stop_fires_both_from_below_first() {
    let both = [
        trigger(1, TakeProfit, Long, 90),
        trigger(2, StopLoss, Long, 110),
        trigger(3, TakeProfit, Long, 95),
    ];
    assert_eq!(run(&mut book(&both), &[100]), [vec![2, 1, 3]]);
}

#[test]
fn what_fired_tells_its_level_and_version() {
    let mut book = book(&[Arming {
        version: 7,
        ..trailing(4, Short, 100, 5)
    }]);
    let mut fired = Vec::new();
    book.on_quote(market(0), price(80), &mut fired);
    assert_eq!(book.level(4), Some(price(85)));
    assert_eq!(book.next_levels(market(0)), (Some(price(85)), None));
    book.on_quote(market(0), price(99), &mut fired);
    let [one] = fired.as_slice() else {
        unreachable!("{fired:?}")
    };
    assert_eq!((one.id, one.version, one.level), (4, 7, price(85)));
    assert_eq!(
        TRIGGER_KINDS.get(usize::from(one.kind.index())),
        Some(&"TRAILING")
    );
}

#[test]
fn arming_again_needs_a_higher_version_and_moves_everything() {
    let mut book = book(&[trailing(1, Long, 100, 5)]);
    let again = |version, arming| Arming { version, ..arming };
    let target = trigger(1, TakeProfit, Short, 50);
    assert!(book.arm(&again(1, target)).is_err());
    assert!(book.arm(&again(0, target)).is_err());
    assert_eq!(book.level(1), Some(price(95)));
    book.arm(&again(2, target)).unwrap();
    assert_eq!(book.len(), 1);
    assert_eq!(run(&mut book, &[51, 50]), [vec![], vec![1]]);
    // It is gone, and with it its version.
    book.arm(&again(1, target)).unwrap();
}

#[test]
fn price_zero_and_other_markets_do_nothing() {
    let mut book = book(&[trigger(1, StopLoss, Long, 100), trailing(2, Short, 0, 1)]);
    assert_eq!(run(&mut book, &[0]), [Vec::<i64>::new()]);
    let mut fired = Vec::new();
    for other in [1, u16::MAX] {
        book.on_quote(market(other), price(1), &mut fired);
        assert_eq!(book.next_levels(market(other)), (None, None));
    }
    assert!(fired.is_empty());
}

#[rstest]
#[case::levels(|id, at| trigger(id, StopLoss, Long, at))]
#[case::break_evens(|id, at| break_even(id, Long, at, 5, 1))]
#[case::trailing_each_with_its_mark(|id, at| trailing(id, Long, 1_000 + at, 1 + at))]
#[case::trailing_in_pairs(|id, at| trailing(id, Long, 1_000 + at / 2, 1 + at))]
#[case::trailing_in_groups(|id, at| trailing(id, Short, 1_000 + at % 100, 1 + at))]
fn a_trigger_takes_at_most_64_bytes(#[case] make: fn(i64, i64) -> Arming) {
    const COUNT: i64 = 150_000;
    let mut book = TriggerBook::new();
    for id in 0..COUNT {
        // Any order that is not sorted.
        book.arm(&make(id, id * 7_919 % COUNT)).unwrap();
        if id >= 9_999 && id % 100 == 0 {
            let (bytes, count) = (book.memory_bytes(), book.len());
            assert!(bytes <= 64 * count, "{bytes} bytes for {count}");
        }
    }
    run(&mut book, &[900, 1_100]);
    assert!(book.memory_bytes() <= 64 * 150_000);
}

#[rstest]
#[case::long(Long, &[100, 120, 111, 110])]
#[case::short(Short, &[100, 80, 89, 90])]
fn a_restart_moves_no_stop_away(#[case] side: Side, #[case] prices: &[i64]) {
    let (before, after) = prices.split_at(2);
    let trail = trailing(1, side, 100, 10);
    let guard = break_even(2, side, 100, 15, 5);
    let mut old = book(&[trail, guard]);
    assert_eq!(old.level(2), None, "at rest");
    run(&mut old, before);
    let stop = old.level(1).unwrap();
    let best = if side.is_long() {
        stop.get() + trail.distance.get()
    } else {
        stop.get() - trail.distance.get()
    };
    let mut new = book(&[
        Arming {
            level: PriceE10::new(best).unwrap(),
            ..trail
        },
        Arming {
            kind: StopLoss,
            level: old.level(2).unwrap(),
            distance: PriceE10::ZERO,
            offset: 0,
            ..guard
        },
    ]);
    for id in [1, 2] {
        assert_eq!(new.level(id), old.level(id));
    }
    let fires = run(&mut new, after);
    assert_eq!(fires, run(&mut old, after));
    assert_eq!(fires, [vec![], vec![1]]);
}
