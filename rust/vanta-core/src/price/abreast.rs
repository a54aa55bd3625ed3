//! Properties of the lanes: markets that are mostly calm say and remember the same through them as
//! word by word, whatever the words between do, and where a lane hands over.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use proptest::prelude::*;

use super::oddities::{Oddity, Offer, Stage, book, market, oddities, source, time};
use super::*;
use crate::units::SECOND_NS;

fn change(book: &mut PriceBook, what: u8, wall: i64, mono: i64) {
    let (wall, mono) = (time(wall), time(mono));
    match what {
        0 => book.set_clock_offset(None, wall, mono),
        1 | 2 => book.set_clock_offset(Some(7), wall, mono),
        3 => book.set_sequencer(true, time(0), wall, mono),
        4 => book.withdraw(market(0), source(1), wall, mono).unwrap(),
        _ => book.repin(market(1), source(1), -10, wall, mono).unwrap(),
    }
}

fn same(
    singly: &PriceBook,
    together: &PriceBook,
    wall: i64,
    mono: i64,
) -> Result<(), TestCaseError> {
    let (now_wall, now_mono) = (time(wall), time(mono));
    let mut told = Vec::new();
    together
        .quote_many((0..4).map(market), now_wall, now_mono, |row| told.push(row))
        .unwrap();
    for (at, told) in (0..4).map(market).zip(told) {
        let expected = singly.careful_quote(at, now_wall, now_mono).unwrap();
        prop_assert_eq!(together.quote(at, now_wall, now_mono).unwrap(), expected);
        prop_assert_eq!(
            together.careful_quote(at, now_wall, now_mono).unwrap(),
            expected
        );
        let row = (told.price_e10, told.quality, told.breaker, told.as_of_ns);
        let quote = (
            expected.price_e10,
            expected.quality,
            expected.breaker,
            expected.as_of_ns,
        );
        prop_assert_eq!(row, quote);
        let alarms = singly.alarms(at, now_wall, now_mono).unwrap();
        prop_assert_eq!(together.alarms(at, now_wall, now_mono).unwrap(), alarms);
        let ages = singly.ages(at, now_wall, now_mono).unwrap();
        prop_assert_eq!(together.ages(at, now_wall, now_mono).unwrap(), ages);
    }
    Ok(())
}

fn start() -> (PriceBook, PriceBook, Stage) {
    (book(), book(), Stage::new())
}

fn offer_both(
    singly: &mut PriceBook,
    together: &mut PriceBook,
    offers: &[Offer],
) -> Result<(), TestCaseError> {
    let expected: Vec<_> = offers
        .iter()
        .map(|(m, s, seen)| singly.update(*m, *s, seen))
        .collect();
    let mut answers = Vec::new();
    together.update_many(offers.iter().copied(), |reject| answers.push(reject));
    prop_assert_eq!(answers, expected);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]
    #[test]
    fn lanes_say_and_remember_what_words_one_by_one_lead_to(
        oddities in prop::collection::vec((oddities(), 0..3_u8), 1..60),
    ) {
        let (mut singly, mut together, mut stage) = start();
        for _ in 0..3 {
            stage.wall += SECOND_NS;
            stage.mono += SECOND_NS;
            let offers = stage.offers(Oddity::Round { backwards: false });
            offer_both(&mut singly, &mut together, &offers)?;
        }
        for (oddity, pause) in oddities {
            let pause = i64::from(pause) * 300_000_000;
            stage.wall += pause;
            stage.mono += pause;
            match oddity {
                Oddity::Wait(ns) => {
                    stage.wall += ns;
                    stage.mono += ns;
                }
                Oddity::Step(ns) => stage.wall += ns,
                Oddity::Drift(by_e6) => stage.middle += stage.middle / 1_000_000 * by_e6,
                Oddity::Single { market: at, source: from } => {
                    let seen = stage.word(at, from);
                    let one = singly.tick(market(at), source(from), &seen).unwrap();
                    prop_assert_eq!(together.tick(market(at), source(from), &seen).unwrap(), one);
                }
                Oddity::Change(what) => {
                    change(&mut singly, what, stage.wall, stage.mono);
                    change(&mut together, what, stage.wall, stage.mono);
                }
                _ => {}
            }
            let offers = stage.offers(oddity);
            offer_both(&mut singly, &mut together, &offers)?;
            for later in [0, 1, 7 * SECOND_NS] {
                same(&singly, &together, stage.wall + later, stage.mono + later)?;
            }
            same(&singly, &together, stage.wall, stage.mono - 1)?;
            same(&singly, &together, stage.wall - 1, stage.mono)?;
        }
        prop_assert_eq!(singly.counters(), together.counters());
    }
}

fn calm_rounds(rounds: u8) -> (PriceBook, PriceBook, Stage) {
    let (mut singly, mut together, mut stage) = start();
    for _ in 0..rounds {
        stage.wall += SECOND_NS / 2;
        stage.mono += SECOND_NS / 2;
        let offers = stage.offers(Oddity::Round { backwards: false });
        offer_both(&mut singly, &mut together, &offers).unwrap();
    }
    (singly, together, stage)
}

fn open(book: &PriceBook) -> Vec<bool> {
    book.lanes.iter().map(|lane| lane.open).collect()
}

#[test]
fn calm_markets_are_in_their_lanes_and_leave_them_for_a_word_by_itself() {
    let (singly, mut together, mut stage) = calm_rounds(20);
    assert_eq!(open(&together), [true; 4]);
    same(&singly, &together, stage.wall, stage.mono).unwrap();
    let seen = stage.word(0, 0);
    together.update(market(0), source(0), &seen);
    assert_eq!(open(&together), [false, true, true, true]);
    together.set_sequencer(true, time(0), time(stage.wall), time(stage.mono));
    assert_eq!(open(&together), [false; 4]);
}

#[test]
fn a_lone_jump_is_put_on_hold_without_leaving_the_lane() {
    let (mut singly, mut together, mut stage) = calm_rounds(20);
    for by_e6 in [30_000, 0, 30_000, 30_000, 30_000, 0, 0] {
        stage.wall += SECOND_NS / 2;
        stage.mono += SECOND_NS / 2;
        let offers = stage.offers(Oddity::Away { source: 2, by_e6 });
        offer_both(&mut singly, &mut together, &offers).unwrap();
        same(&singly, &together, stage.wall, stage.mono).unwrap();
    }
    let (mut singly, mut together, mut stage) = calm_rounds(20);
    stage.wall += SECOND_NS / 2;
    stage.mono += SECOND_NS / 2;
    let offers = stage.offers(Oddity::Away {
        source: 4,
        by_e6: 30_000,
    });
    offer_both(&mut singly, &mut together, &offers).unwrap();
    assert!(open(&together).first().unwrap());
}

#[test]
fn who_repeats_itself_is_left_behind_by_small_steps_and_only_by_those_it_saw() {
    // Each step is within 0.2 %. Whoever saw a price must remember it: not what was long before,
    // and not only what was last.
    let far: [&[i64]; 3] = [&[800; 8], &[1_500, 1_500, -1_500, -1_500], &[800, 700]];
    for (steps, pause) in far.into_iter().flat_map(|steps| [(steps, 1), (steps, 3)]) {
        let (mut singly, mut together, mut stage) = calm_rounds(20);
        let mut stuck = None;
        for round in 0..100 {
            stage.wall += SECOND_NS;
            stage.mono += SECOND_NS;
            // First all go far away from where the lanes opened.
            let by_e6 = match round {
                0..12 => 1_500,
                12.. => steps.get(round - 12).copied().unwrap_or(0),
            };
            stage.middle += stage.middle / 1_000_000 * by_e6;
            let mut offers = stage.offers(Oddity::Round { backwards: false });
            if round >= 11 {
                for (_, from, seen) in &mut offers {
                    if from.get() == 2 {
                        seen.value = *stuck.get_or_insert(seen.value);
                    }
                }
            }
            if round > 12 && round % pause != 0 {
                offers.retain(|(_, from, _)| from.get() != 2);
            }
            offer_both(&mut singly, &mut together, &offers).unwrap();
            same(&singly, &together, stage.wall, stage.mono).unwrap();
        }
    }
}
