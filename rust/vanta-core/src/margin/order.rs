//! Whether the venue would take an order: its published rules, all of them, as values.
//!
//! Every number is the venue's and comes in with [`OrderRules`] and [`OiCaps`]. A finding carries
//! its value and its limit, so that a text can be made of it without asking again.

use super::headroom::OiCaps;
use super::stops::StopRules;
use super::tiers::{Tiers, adjusted_max_gain};
use super::{Side, in_range, notional, positive_price};
use crate::error::CoreError;
use crate::units::{E10, PercentE10, PriceE10, RatioE10, UsdE6, div_ceil};

macro_rules! order_rules {
    ($($(#[$doc:meta])* $name:ident = $label:literal),+ $(,)?) => {
        /// Rules in the order they are checked and reported; the last two only warn.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum OrderRule {
            $($(#[$doc])* $name),+
        }

        impl OrderRule {
            /// Names by [`OrderRule::code`].
            pub const NAMES: &'static [&'static str] = &[$($label),+];
            const ALL: &'static [Self] = &[$(Self::$name),+];
        }
    };
}

order_rules! {
    /// The pair is listed.
    Delisted = "DELISTED",
    /// The pair takes opens.
    CloseOnly = "CLOSE_ONLY",
    /// The market is open.
    MarketClosed = "MARKET_CLOSED",
    /// Leverage within the pair's range.
    Leverage = "LEVERAGE",
    /// Notional of at least the smallest position, and above 0.
    MinSize = "MIN_SIZE",
    /// Notional within the open interest that is left.
    Headroom = "HEADROOM",
    /// Fewer trades on the pair than the most; 0 = no such limit.
    MaxTrades = "MAX_TRADES",
    /// A long limit is below the market.
    LimitPriceLong = "LIMIT_PRICE_LONG",
    /// A short limit is above the market.
    LimitPriceShort = "LIMIT_PRICE_SHORT",
    /// A stop-limit is on the other side of the market: long above, short below.
    StopPrice = "STOP_PRICE",
    /// Take profit within the largest gain, net of the Upside share.
    TpTooHigh = "TP_TOO_HIGH",
    /// Take profit on the profit side.
    TpSide = "TP_SIDE",
    /// Stop within the largest loss.
    SlTooHigh = "SL_TOO_HIGH",
    /// Stop on the loss side.
    SlSide = "SL_SIDE",
    /// Stop of at least what the spread takes at this leverage.
    SlTooLow = "SL_TOO_LOW",
    /// The same for Upside, with its floor and curve.
    SlTooLowUpside = "SL_TOO_LOW_UPSIDE",
    /// Half of the spread within the limit.
    Spread = "SPREAD",
    /// Spread times leverage below the limit; not looked at where the spread itself is too high.
    SpreadXLeverage = "SPREAD_X_LEVERAGE",
    /// Slippage within what the contract accepts.
    Slippage = "SLIPPAGE",
    /// Warning: a stop cannot be judged without the spread.
    SpreadUnknown = "SPREAD_UNKNOWN",
    /// Warning: there is no stop.
    NoStop = "NO_STOP",
}

impl OrderRule {
    /// Index into [`OrderRule::NAMES`].
    #[must_use]
    pub fn code(self) -> usize {
        Self::ALL.iter().position(|rule| *rule == self).unwrap_or(0)
    }
}

/// The venue's rules for one pair and one kind of position.
#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the venue's own independent flags"
)]
pub struct OrderRules<'a> {
    /// Listed.
    pub is_listed: bool,
    /// Only closes are taken.
    pub is_close_only: bool,
    /// Within market hours.
    pub is_open: bool,
    /// Whether these are the rules of an Upside pair.
    pub is_upside: bool,
    /// Smallest leverage.
    pub min_leverage: RatioE10,
    /// Largest leverage.
    pub max_leverage: RatioE10,
    /// Smallest notional.
    pub min_notional: UsdE6,
    /// Most open, pending and resting trades of a wallet on the pair; 0 = no limit.
    pub max_trades: u32,
    /// Largest gain, before the Upside share.
    pub max_gain: PercentE10,
    /// What a stop must satisfy.
    pub stop: StopRules<'a>,
    /// Tiers of the Upside share; empty for others.
    pub tiers: Tiers<'a>,
    /// Largest half of a spread.
    pub max_half_spread: PercentE10,
    /// Spread times leverage must stay below this.
    pub max_spread_x_leverage: PercentE10,
    /// Largest slippage.
    pub max_slippage: PercentE10,
}

impl OrderRules<'_> {
    /// Percents and amounts are 0 or more, shares at most 100 %, the curve rises.
    ///
    /// # Errors
    /// `OutOfRange` or `Invalid` naming the first that is not.
    pub fn check(&self) -> Result<(), CoreError> {
        in_range("min_notional_e6", self.min_notional.get(), 0, i64::MAX)?;
        let percents = [
            ("max_gain_p_e10", self.max_gain),
            ("max_stop_p_e10", self.stop.max_stop),
            ("spread_buffer_p_e10", self.stop.spread_buffer),
            ("upside_floor_p_e10", self.stop.floor),
            ("max_half_spread_p_e10", self.max_half_spread),
            ("max_spread_x_leverage_p_e10", self.max_spread_x_leverage),
            ("max_slippage_p_e10", self.max_slippage),
        ];
        for (name, percent) in percents {
            in_range(name, percent.get(), 0, i64::MAX)?;
        }
        self.tiers.check()?;
        self.stop.min_stop(RatioE10::ZERO, None).map(|_| ())
    }
}

/// How an order names its price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderPrice {
    /// At the market.
    Market,
    /// Better than the market.
    Limit(PriceE10),
    /// Once the market has gone that far.
    StopLimit(PriceE10),
}

/// An order that would open a position.
#[derive(Debug, Clone, Copy)]
pub struct OpenOrder {
    /// Direction.
    pub side: Side,
    /// Collateral.
    pub collateral: UsdE6,
    /// Leverage.
    pub leverage: RatioE10,
    /// Where it opens.
    pub price: OrderPrice,
    /// The market now; none = unknown, the side of a limit is then not judged.
    pub market: Option<PriceE10>,
    /// Take profit, percent of collateral.
    pub take_profit: Option<PercentE10>,
    /// Stop, percent of collateral.
    pub stop_loss: Option<PercentE10>,
    /// Spread of this order; none = unknown.
    pub spread: Option<PercentE10>,
    /// Slippage the order allows; none = not stated.
    pub slippage: Option<PercentE10>,
    /// Open, pending and resting trades of the wallet on the pair.
    pub open_trades: u32,
}

/// A rule that is broken, its value and its limit in the rule's own unit: e10 leverage, price and
/// percent, e6 USD, a count, 0 where there is no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding {
    /// Which rule.
    pub rule: OrderRule,
    /// What the order has.
    pub value: i64,
    /// What is allowed.
    pub limit: i64,
}

/// What [`validate_order`] found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrderFindings {
    /// Broken rules; none = the venue would take the order.
    pub failures: Vec<Finding>,
    /// What could not be judged or is unwise.
    pub warnings: Vec<Finding>,
}

impl OrderFindings {
    fn fail(&mut self, broken: bool, rule: OrderRule, value: i64, limit: i64) {
        if broken {
            self.failures.push(Finding { rule, value, limit });
        }
    }

    fn warn(&mut self, rule: OrderRule) {
        self.warnings.push(Finding {
            rule,
            value: 0,
            limit: 0,
        });
    }
}

/// Check an order against every rule; a value equal to a limit passes unless the rule says below.
///
/// # Errors
/// `OutOfRange` for a price of 0 or a negative collateral, cap or spread, `Overflow` when the notional
/// or the smallest stop does not fit.
pub fn validate_order(
    rules: &OrderRules<'_>,
    caps: &OiCaps,
    order: &OpenOrder,
) -> Result<OrderFindings, CoreError> {
    if let OrderPrice::Limit(price) | OrderPrice::StopLimit(price) = order.price {
        positive_price("price_e10", price)?;
    }
    if let Some(market) = order.market {
        positive_price("market_e10", market)?;
    }
    let mut found = OrderFindings::default();
    found.fail(!rules.is_listed, OrderRule::Delisted, 0, 0);
    found.fail(rules.is_close_only, OrderRule::CloseOnly, 0, 0);
    found.fail(!rules.is_open, OrderRule::MarketClosed, 0, 0);
    size(rules, caps, order, &mut found)?;
    entry(order, &mut found);
    take_profit(rules, order, &mut found)?;
    stop_loss(rules, order, &mut found)?;
    spread(rules, order, &mut found)?;
    if let Some(slippage) = order.slippage {
        let limit = rules.max_slippage;
        let broken = slippage > limit;
        found.fail(broken, OrderRule::Slippage, slippage.get(), limit.get());
    }
    Ok(found)
}

fn size(
    rules: &OrderRules<'_>,
    caps: &OiCaps,
    order: &OpenOrder,
    found: &mut OrderFindings,
) -> Result<(), CoreError> {
    let (low, high) = (rules.min_leverage, rules.max_leverage);
    let limit = if order.leverage < low { low } else { high };
    found.fail(
        order.leverage < low || order.leverage > high,
        OrderRule::Leverage,
        order.leverage.get(),
        limit.get(),
    );
    let size = notional(order.collateral, order.leverage)?;
    let least = rules.min_notional;
    // Nothing is too small even where the pair names no smallest position.
    let small = size < least || size == UsdE6::ZERO;
    found.fail(small, OrderRule::MinSize, size.get(), least.get());
    let room = caps.headroom(order.side)?;
    found.fail(size > room, OrderRule::Headroom, size.get(), room.get());
    found.fail(
        rules.max_trades > 0 && order.open_trades >= rules.max_trades,
        OrderRule::MaxTrades,
        i64::from(order.open_trades),
        i64::from(rules.max_trades),
    );
    Ok(())
}

fn entry(order: &OpenOrder, found: &mut OrderFindings) {
    let Some(market) = order.market else { return };
    let (price, rule, wrong) = match order.price {
        OrderPrice::Market => return,
        OrderPrice::Limit(price) => {
            let rule = match order.side {
                Side::Long => OrderRule::LimitPriceLong,
                Side::Short => OrderRule::LimitPriceShort,
            };
            // A limit that waits is at a loss for who would open at the market.
            (
                price,
                rule,
                !order.side.at_or_beyond(price, market) || price == market,
            )
        }
        OrderPrice::StopLimit(price) => (
            price,
            OrderRule::StopPrice,
            order.side.at_or_beyond(price, market),
        ),
    };
    found.fail(wrong, rule, price.get(), market.get());
}

fn take_profit(
    rules: &OrderRules<'_>,
    order: &OpenOrder,
    found: &mut OrderFindings,
) -> Result<(), CoreError> {
    let Some(asked) = order.take_profit else {
        return Ok(());
    };
    let limit = if rules.is_upside && !rules.tiers.thresholds.is_empty() {
        adjusted_max_gain(rules.max_gain, &rules.tiers)?
    } else {
        rules.max_gain
    };
    let none = PercentE10::ZERO;
    found.fail(
        asked > limit,
        OrderRule::TpTooHigh,
        asked.get(),
        limit.get(),
    );
    found.fail(asked <= none, OrderRule::TpSide, asked.get(), 0);
    Ok(())
}

fn stop_loss(
    rules: &OrderRules<'_>,
    order: &OpenOrder,
    found: &mut OrderFindings,
) -> Result<(), CoreError> {
    let Some(asked) = order.stop_loss else {
        found.warn(OrderRule::NoStop);
        return Ok(());
    };
    let most = rules.stop.max_stop;
    let none = PercentE10::ZERO;
    found.fail(asked > most, OrderRule::SlTooHigh, asked.get(), most.get());
    found.fail(asked <= none, OrderRule::SlSide, asked.get(), 0);
    let least = rules.stop.min_stop(order.leverage, order.spread)?;
    let rule = if rules.is_upside {
        OrderRule::SlTooLowUpside
    } else {
        OrderRule::SlTooLow
    };
    // Without a demand a stop on the wrong side is already said.
    let broken = asked < least && least > none;
    found.fail(broken, rule, asked.get(), least.get());
    if order.spread.is_none() {
        found.warn(OrderRule::SpreadUnknown);
    }
    Ok(())
}

fn spread(
    rules: &OrderRules<'_>,
    order: &OpenOrder,
    found: &mut OrderFindings,
) -> Result<(), CoreError> {
    let Some(spread) = order.spread else {
        return Ok(());
    };
    in_range("spread_p_e10", spread.get(), 0, i64::MAX)?;
    let half = div_ceil(spread.wide(), 2)?;
    let limit = rules.max_half_spread.get();
    if half > limit {
        found.fail(true, OrderRule::Spread, half, limit);
        return Ok(());
    }
    // What does not fit is above any limit.
    let product = div_ceil(spread.wide() * order.leverage.wide(), i128::from(E10));
    let product = product.unwrap_or(i64::MAX);
    let limit = rules.max_spread_x_leverage.get();
    found.fail(product >= limit, OrderRule::SpreadXLeverage, product, limit);
    Ok(())
}
