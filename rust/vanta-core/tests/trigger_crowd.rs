//! Hundreds of trailing stops beside the scanned list: blocks of marks split and join, groups form,
//! meld, lose their first, fall apart. The state machine's few ids do not get there.

mod trigger_support;

use proptest::prelude::*;
use trigger_support::{ScanBook, break_even, market, price, trailing};
use vanta_core::margin::Side;
use vanta_core::trigger::{Arming, TriggerBook};

#[derive(Debug, Clone)]
enum Step {
    Arm(Vec<Arming>),
    Disarm(Vec<i64>),
    Tick(i64),
}

prop_compose! {
    fn arming()(
        id in 0_i64..900, is_long: bool, level in 1_000_i64..1_600, distance in 1_i64..400,
        rests in prop::bool::weighted(0.1),
    ) -> Arming {
        let side = Side::from_is_long(is_long);
        if rests {
            break_even(id, side, level, distance, distance / 2)
        } else {
            trailing(id, side, level, distance)
        }
    }
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => prop::collection::vec(arming(), 0..400).prop_map(Step::Arm),
        1 => prop::collection::vec(0_i64..900, 0..300).prop_map(Step::Disarm),
        3 => (900_i64..1_700).prop_map(Step::Tick),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]
    #[test]
    fn a_crowd_is_as_many_alone(steps in prop::collection::vec(step(), 1..30)) {
        let (mut fast, mut slow) = (TriggerBook::new(), ScanBook::default());
        for step in steps {
            match step {
                Step::Arm(rows) => for row in rows {
                    if slow.live(row.id).is_none() {
                        prop_assert_eq!(fast.arm(&row), Ok(()));
                        slow.arm(row);
                    }
                },
                Step::Disarm(ids) => for id in ids {
                    prop_assert_eq!(fast.disarm(id), slow.disarm(id));
                },
                Step::Tick(at) => {
                    let mut fired = Vec::new();
                    fast.on_quote(market(0), price(at), &mut fired);
                    prop_assert_eq!(fired, slow.on_quote(market(0), price(at)));
                }
            }
            prop_assert_eq!(fast.len(), slow.armed.len());
            prop_assert_eq!(fast.next_levels(market(0)), slow.next_levels(market(0)));
            for one in &slow.armed {
                prop_assert_eq!(fast.level(one.arming.id), slow.level(one.arming.id));
            }
        }
    }
}
