//! Each rule at its limit, one unit inside and one unit beyond.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

mod risk_support;

use risk_support::{NOON, Setup, market_ix, price, ratio, request, rules, time, usd};
use rstest::rstest;
use vanta_core::margin::Side;
use vanta_core::risk::{Failure, OpenRequest, RULES, Rule};
use vanta_core::units::{DAY_NS, E6, E10, HOUR_NS, MINUTE_NS, SECOND_NS, TimeNs};

/// A situation in which `rule` stands at its limit, moved `beyond` units past it.
fn at_limit(rule: Rule, beyond: i64) -> (Setup, OpenRequest) {
    let (mut setup, mut asked) = (Setup::default(), request());
    let figures = setup.verdict(&asked).figures;
    match rule {
        Rule::LeverageMin => {
            setup.market.min_leverage = ratio(asked.leverage.get() + beyond);
        }
        Rule::LeverageMax => asked.leverage = ratio(setup.market.max_leverage.get() + beyond),
        Rule::LeveragePolicy => setup.limits.max_leverage = ratio(asked.leverage.get() - beyond),
        Rule::PositionMin => setup.market.min_notional = usd(figures.notional.get() + beyond),
        Rule::PositionMax => setup.limits.max_position = usd(figures.notional.get() - beyond),
        Rule::Balance => setup.cash = figures.required.get() - beyond,
        Rule::AccountRisk => {
            let risk = figures.worst_loss.per_ceil(usd(setup.cash)).unwrap();
            setup.limits.max_account_risk = ratio(risk.get() - beyond);
        }
        Rule::StopSide => asked.stop = Some(price(figures.entry.get() + beyond)),
        Rule::LiquidationBuffer => asked.stop = Some(price(figures.safe_line.get() - beyond)),
        Rule::DailyLoss => {
            setup.day_start = 3 * setup.cash;
            // Two thirds, rounded up.
            setup.limits.max_daily_loss = ratio(6_666_666_667 - beyond);
        }
        Rule::OpensPerMinute => {
            setup.opens = vec![(NOON - 1, 0), (NOON, 0)];
            setup.limits.opens_per_minute = 3 - beyond;
        }
        Rule::TradesPerDay => {
            setup.opens = vec![(NOON - DAY_NS / 2, 0), (NOON - 1, 0)];
            setup.limits.trades_per_day = 3 - beyond;
        }
        Rule::VolumeHour => {
            setup.opens = vec![(NOON - HOUR_NS + 1, 500 * E6)];
            setup.limits.volume_hour = usd(figures.notional.get() + 500 * E6 - beyond);
        }
        Rule::VolumeDay => {
            setup.opens = vec![(NOON - DAY_NS / 2, 500 * E6)];
            setup.limits.volume_day = usd(figures.notional.get() + 500 * E6 - beyond);
        }
        Rule::None | Rule::Market | Rule::LossesInRow => unreachable!("not a limit of this kind"),
    }
    (setup, asked)
}

#[rstest]
fn a_value_equal_to_its_limit_passes_and_one_more_fails(
    #[values(
        Rule::LeverageMin,
        Rule::LeverageMax,
        Rule::LeveragePolicy,
        Rule::PositionMin,
        Rule::PositionMax,
        Rule::Balance,
        Rule::AccountRisk,
        Rule::StopSide,
        Rule::LiquidationBuffer,
        Rule::DailyLoss,
        Rule::OpensPerMinute,
        Rule::TradesPerDay,
        Rule::VolumeHour,
        Rule::VolumeDay
    )]
    rule: Rule,
) {
    for within in [-1, 0] {
        let (setup, asked) = at_limit(rule, within);
        assert_eq!(rules(&setup.verdict(&asked)), [], "{within}");
    }
    let (setup, asked) = at_limit(rule, 1);
    let verdict = setup.verdict(&asked);
    assert_eq!(rules(&verdict), [rule]);
    let failure = verdict.failures[0];
    let gap = failure.value - failure.limit;
    let below = matches!(
        rule,
        Rule::LeverageMin | Rule::PositionMin | Rule::LiquidationBuffer
    );
    assert_eq!(gap, if below { -1 } else { 1 });
}

#[rstest]
#[case::at_entry(0, true)]
#[case::on_the_losing_side(1, true)]
#[case::on_the_winning_side(-1, false)]
fn a_short_has_its_stop_above_entry(#[case] above: i64, #[case] passes: bool) {
    let mut asked = OpenRequest {
        side: Side::Short,
        ..request()
    };
    let entry = Setup::default().verdict(&asked).figures.entry;
    asked.stop = Some(price(entry.get() + above));
    let verdict = Setup::default().verdict(&asked);
    assert_eq!(
        rules(&verdict),
        if passes { vec![] } else { vec![Rule::StopSide] }
    );
}

#[rstest]
#[case::at_the_line(0, true)]
#[case::nearer_to_entry(-1, true)]
#[case::beyond(1, false)]
fn a_short_has_its_stop_below_the_safe_line(#[case] above: i64, #[case] passes: bool) {
    let mut asked = OpenRequest {
        side: Side::Short,
        ..request()
    };
    let line = Setup::default().verdict(&asked).figures.safe_line;
    asked.stop = Some(price(line.get() + above));
    let verdict = Setup::default().verdict(&asked);
    assert_eq!(
        rules(&verdict),
        if passes {
            vec![]
        } else {
            vec![Rule::LiquidationBuffer]
        }
    );
}

#[rstest]
#[case::below(9, true)]
#[case::at(10, false)]
#[case::above(11, false)]
fn a_streak_at_the_maximum_is_the_breaker(#[case] streak: i64, #[case] passes: bool) {
    let mut setup = Setup {
        streak,
        ..Setup::default()
    };
    setup.limits.max_losses_in_row = 10;
    let verdict = setup.verdict(&request());
    let failure = Failure {
        rule: Rule::LossesInRow,
        value: streak,
        limit: 10,
        resets_at: TimeNs::ZERO,
    };
    assert_eq!(
        verdict.failures,
        if passes { vec![] } else { vec![failure] }
    );
}

#[rstest]
fn a_closed_market_refuses_with_all_its_figures() {
    let mut setup = Setup::default();
    let open = setup.verdict(&request());
    setup.market.is_open = false;
    let closed = setup.verdict(&request());
    assert_eq!(rules(&closed), [Rule::Market]);
    assert_eq!(closed.figures, open.figures);
    assert_eq!(closed.nearest_collateral, usd(0));
}

#[rstest]
fn an_unknown_market_refuses_and_shows_no_lines() {
    let asked = OpenRequest {
        market: market_ix(2),
        stop: Some(price(1)),
        ..request()
    };
    let verdict = Setup::default().verdict(&asked);
    assert_eq!(rules(&verdict), [Rule::Market]);
    assert_eq!(verdict.failures[0].value, 2);
    assert_eq!(verdict.figures.liquidation, price(0));
    assert_eq!(verdict.figures.safe_line, price(0));
}

#[rstest]
fn all_failures_are_returned_in_the_published_order() {
    let mut setup = Setup {
        cash: 1,
        streak: 3,
        ..Setup::default()
    };
    setup.market.is_open = false;
    setup.market.max_leverage = ratio(5 * E10);
    setup.limits.max_leverage = ratio(2 * E10);
    setup.limits.max_position = usd(0);
    setup.limits.max_account_risk = ratio(0);
    setup.limits.max_daily_loss = ratio(0);
    setup.limits.max_losses_in_row = 1;
    setup.limits.opens_per_minute = 0;
    setup.limits.trades_per_day = 0;
    setup.limits.volume_hour = usd(0);
    setup.limits.volume_day = usd(0);
    let asked = OpenRequest {
        stop: Some(price(2_000 * E10)),
        ..request()
    };
    let verdict = setup.verdict(&asked);
    let expected = [
        Rule::Market,
        Rule::LeverageMax,
        Rule::LeveragePolicy,
        Rule::PositionMax,
        Rule::Balance,
        Rule::AccountRisk,
        Rule::StopSide,
        Rule::DailyLoss,
        Rule::LossesInRow,
        Rule::OpensPerMinute,
        Rule::TradesPerDay,
        Rule::VolumeHour,
        Rule::VolumeDay,
    ];
    assert_eq!(rules(&verdict), expected);
    assert!(expected.is_sorted());
    // Limits of 0 never open by waiting; only the day's loss does.
    for failure in &verdict.failures {
        let resets = failure.resets_at != TimeNs::ZERO;
        assert_eq!(resets, failure.rule == Rule::DailyLoss, "{failure:?}");
    }
}

#[rstest]
fn names_follow_the_numbers() {
    assert_eq!(RULES.len(), 17);
    assert_eq!(RULES[usize::from(Rule::None.code())], "NONE");
    assert_eq!(RULES[usize::from(Rule::Market.code())], "MARKET");
    assert_eq!(
        RULES[usize::from(Rule::LiquidationBuffer.code())],
        "LIQUIDATION_BUFFER"
    );
    assert_eq!(RULES[usize::from(Rule::VolumeDay.code())], "VOLUME_DAY");
}

#[rstest]
fn the_tickets_figures_are_those_of_the_example() {
    // 200 USD at 25x, long at 61,240.5 with a stop at 60,500.
    let mut setup = Setup {
        cash: 2_000 * E6,
        day_start: 2_000 * E6,
        ..Setup::default()
    };
    setup.market.close_fee = setup.market.open_fee;
    setup.market.spread = ratio(0);
    let asked = OpenRequest {
        leverage: ratio(25 * E10),
        price: price(612_405 * E10 / 10),
        stop: Some(price(60_500 * E10)),
        ..request()
    };
    let verdict = setup.verdict(&asked);
    let figures = verdict.figures;
    assert_eq!(figures.notional, usd(5_000 * E6));
    assert_eq!(figures.open_fee, usd(3 * E6));
    assert_eq!(figures.required, usd(203 * E6));
    // 5,000 * 740.5 / 61,240.5 = 60.458357..., rounded up, and twice 3.00.
    assert_eq!(figures.worst_loss, usd(66_458_357));
    // 61,240.5 * (1 - 0.85 / 25)
    assert_eq!(figures.liquidation, price(59_158_323 * E10 / 1_000));
    setup.market.spread = ratio(E10 / 10_000);
    assert_eq!(setup.verdict(&asked).figures.spread_cost, usd(500_000));
    let without_stop = setup
        .verdict(&OpenRequest {
            stop: None,
            ..asked
        })
        .figures;
    assert_eq!(without_stop.worst_loss, usd(206_500_000));
}

#[rstest]
#[case::minute_at(NOON, Rule::OpensPerMinute, NOON + MINUTE_NS)]
#[case::minute_old(NOON - 59 * SECOND_NS, Rule::OpensPerMinute, NOON + SECOND_NS)]
#[case::day(NOON, Rule::TradesPerDay, NOON + DAY_NS / 2)]
fn counts_reset_when_the_oldest_leaves(#[case] at: i64, #[case] rule: Rule, #[case] resets: i64) {
    let mut setup = Setup {
        opens: vec![(at, 0)],
        ..Setup::default()
    };
    match rule {
        Rule::OpensPerMinute => setup.limits.opens_per_minute = 1,
        _ => setup.limits.trades_per_day = 1,
    }
    let verdict = setup.verdict(&request());
    assert_eq!(rules(&verdict), [rule]);
    assert_eq!(verdict.failures[0].resets_at, time(resets));
    let before = OpenRequest {
        now: time(resets - 1),
        ..request()
    };
    assert_eq!(rules(&setup.verdict(&before)), [rule]);
    let then = OpenRequest {
        now: time(resets),
        ..request()
    };
    assert_eq!(rules(&setup.verdict(&then)), []);
}

#[rstest]
fn hourly_volume_resets_when_enough_has_left() {
    let mut setup = Setup::default();
    setup.limits.volume_hour = usd(2_500 * E6);
    setup.opens = vec![
        (NOON - 40, 300 * E6),
        (NOON - 30, 300 * E6),
        (NOON - 20, 300 * E6),
    ];
    // 2,000 asked, 900 used: the first two have to leave.
    let verdict = setup.verdict(&request());
    assert_eq!(rules(&verdict), [Rule::VolumeHour]);
    assert_eq!(verdict.failures[0].resets_at, time(NOON - 30 + HOUR_NS));
    assert_eq!(verdict.failures[0].value, 2_900 * E6);
    assert_eq!(verdict.nearest_collateral, usd(160 * E6));
}

#[rstest]
fn more_than_a_whole_limit_never_resets() {
    let mut setup = Setup::default();
    setup.limits.volume_hour = usd(2_000 * E6 - 1);
    setup.limits.volume_day = usd(2_000 * E6 - 1);
    let verdict = setup.verdict(&request());
    assert_eq!(rules(&verdict), [Rule::VolumeHour, Rule::VolumeDay]);
    assert!(
        verdict
            .failures
            .iter()
            .all(|failure| failure.resets_at == TimeNs::ZERO)
    );
}
