//! The trigger book over a life, beside a list that is scanned on every price: armed, armed again,
//! disarmed, ticked, in any order. After each step both know the same.

mod trigger_support;

use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use trigger_support::{ScanBook, market, price};
use vanta_core::margin::Side;
use vanta_core::trigger::{Arming, QuoteRows, TriggerBook, TriggerKind};

#[derive(Debug, Clone)]
enum Step {
    Arm(Arming),
    ArmBatch(Vec<Arming>),
    Disarm(i64),
    Tick(u16, i64),
    Ticks(Vec<(u16, i64, bool)>),
}

#[derive(Debug, Clone)]
struct World {
    book: ScanBook,
    /// Prices lie around this, so that levels, marks and ticks meet.
    centre: i64,
}

fn near(centre: i64) -> BoxedStrategy<i64> {
    (-30_i64..=30)
        .prop_map(move |away| centre.saturating_add(away).max(0))
        .boxed()
}

fn ids() -> BoxedStrategy<i64> {
    prop_oneof![8 => -4_i64..30, 1 => Just(i64::MIN), 1 => Just(i64::MAX)].boxed()
}

fn markets() -> impl Strategy<Value = u16> {
    prop_oneof![3 => Just(0_u16), 1 => Just(7)]
}

// Any numbers: the book refuses what does not belong, and the test tells apart which it should.
fn armings(centre: i64) -> BoxedStrategy<Arming> {
    let whose = (ids(), 0_u32..4, markets(), any::<bool>());
    let kinds = prop_oneof![2 => Just(3_u16), 1 => Just(4), 2 => 0_u16..6];
    (whose, kinds, near(centre), 1_i64..14, -9_i64..14)
        .prop_map(
            |((id, version, place, is_long), kind, level, distance, offset)| {
                let kind = TriggerKind::from_index(kind).unwrap_or(TriggerKind::Buffer);
                let moves = matches!(kind, TriggerKind::Trailing | TriggerKind::BreakEven);
                let rests = kind == TriggerKind::BreakEven;
                Arming {
                    id,
                    version,
                    market: market(place),
                    kind,
                    side: Side::from_is_long(is_long),
                    level: price(level),
                    distance: price(if moves { distance } else { 0 }),
                    offset: if rests { offset.min(distance) } else { 0 },
                }
            },
        )
        .boxed()
}

/// Whether the derived levels are prices, from the rules and not from the core.
fn is_allowed(arming: &Arming) -> bool {
    let sign: i128 = if arming.side.is_long() { 1 } else { -1 };
    let prices = 0..=i128::from(i64::MAX);
    let (level, distance) = (arming.level.wide(), arming.distance.wide());
    match arming.kind {
        TriggerKind::Trailing => sign == 1 || prices.contains(&(level + distance)),
        TriggerKind::BreakEven => {
            let activation = level + sign * distance;
            let stop = level + sign * i128::from(arming.offset);
            i128::from(arming.offset) < distance
                && activation > 0
                && prices.contains(&activation)
                && prices.contains(&stop)
        }
        _ => true,
    }
}

fn arm(book: &mut ScanBook, arming: Arming) -> bool {
    let live = book.live(arming.id).map(|one| one.arming.version);
    let good = is_allowed(&arming) && live.is_none_or(|version| arming.version > version);
    if good {
        book.arm(arming);
    }
    good
}

/// What a batch does, and the first wrong row.
fn arm_batch(book: &mut ScanBook, rows: &[Arming]) -> Option<usize> {
    let mut after = book.clone();
    let wrong = rows.iter().position(|arming| !arm(&mut after, *arming));
    if wrong.is_none() {
        *book = after;
    }
    wrong
}

impl ReferenceStateMachine for World {
    type State = Self;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Self> {
        prop_oneof![2 => Just(1_000_i64), 1 => Just(4), 1 => Just(i64::MAX - 12)]
            .prop_map(|centre| Self {
                book: ScanBook::default(),
                centre,
            })
            .boxed()
    }

    fn transitions(state: &Self) -> BoxedStrategy<Step> {
        let centre = state.centre;
        let tick = (markets(), near(centre), prop::bool::weighted(0.8));
        prop_oneof![
            4 => armings(centre).prop_map(Step::Arm),
            1 => prop::collection::vec(armings(centre), 0..6).prop_map(Step::ArmBatch),
            2 => ids().prop_map(Step::Disarm),
            3 => (markets(), near(centre)).prop_map(|(place, at)| Step::Tick(place, at)),
            1 => prop::collection::vec(tick, 0..6).prop_map(Step::Ticks),
        ]
        .boxed()
    }

    fn apply(mut state: Self, step: &Step) -> Self {
        match step {
            Step::Arm(arming) => {
                arm(&mut state.book, *arming);
            }
            Step::ArmBatch(rows) => {
                arm_batch(&mut state.book, rows);
            }
            Step::Disarm(id) => {
                state.book.disarm(*id);
            }
            Step::Tick(place, at) => {
                state.book.on_quote(market(*place), price(*at));
            }
            Step::Ticks(rows) => {
                for (place, at, _) in rows.iter().filter(|(_, _, tradable)| *tradable) {
                    state.book.on_quote(market(*place), price(*at));
                }
            }
        }
        state
    }
}

/// The core's book, and the list as it was before the step that is being checked.
#[derive(Debug)]
struct Pair {
    fast: TriggerBook,
    slow: ScanBook,
}

impl StateMachineTest for Pair {
    type SystemUnderTest = Self;
    type Reference = World;

    fn init_test(_: &World) -> Self {
        Self {
            fast: TriggerBook::new(),
            slow: ScanBook::default(),
        }
    }

    fn apply(mut pair: Self, _: &World, step: Step) -> Self {
        let Self { fast, slow } = &mut pair;
        match step {
            Step::Arm(arming) => {
                assert_eq!(fast.arm(&arming).is_ok(), arm(slow, arming), "{arming:?}");
            }
            Step::ArmBatch(rows) => {
                let answer = fast.arm_batch(&rows);
                match arm_batch(slow, &rows) {
                    None => assert_eq!(answer, Ok(())),
                    Some(row) => {
                        let text = answer.err().map(|error| error.to_string());
                        let row = format!("row {row}: ");
                        assert!(text.is_some_and(|text| text.starts_with(&row)));
                    }
                }
            }
            Step::Disarm(id) => assert_eq!(fast.disarm(id), slow.disarm(id)),
            Step::Tick(place, at) => {
                let mut fired = Vec::new();
                fast.on_quote(market(place), price(at), &mut fired);
                assert_eq!(fired, slow.on_quote(market(place), price(at)));
            }
            Step::Ticks(rows) => {
                let mut expected = Vec::new();
                for (row, (place, at, tradable)) in rows.iter().enumerate() {
                    if *tradable {
                        let fired = slow.on_quote(market(*place), price(*at));
                        expected.extend(fired.into_iter().map(|one| (row, one)));
                    }
                }
                let (places, rest): (Vec<_>, Vec<_>) =
                    rows.iter().map(|row| (row.0, (row.1, row.2))).unzip();
                let (prices, tradable): (Vec<_>, Vec<_>) = rest.into_iter().unzip();
                let rows = QuoteRows {
                    market: &places,
                    price: &prices,
                    tradable: &tradable,
                };
                assert_eq!(fast.on_quotes(&rows), Ok(expected));
            }
        }
        pair
    }

    fn check_invariants(pair: &Self, world: &World) {
        let Self { fast, slow } = pair;
        assert_eq!(fast.len(), world.book.armed.len());
        assert_eq!(fast.is_empty(), slow.armed.is_empty());
        for id in (-4..30).chain([i64::MIN, i64::MAX]) {
            assert_eq!(fast.contains(id), slow.live(id).is_some());
            assert_eq!(fast.level(id), slow.level(id), "level of {id}");
        }
        for place in [0, 7, 9] {
            assert_eq!(
                fast.next_levels(market(place)),
                slow.next_levels(market(place))
            );
        }
    }
}

prop_state_machine! {
    #![proptest_config(ProptestConfig { cases: 1_500, ..ProptestConfig::default() })]
    #[test]
    fn the_book_and_the_list_agree(sequential 1..120 => Pair);
}
