//! The figures of a ticket: what an open costs, where it ends, what it can lose.

use crate::error::CoreError;
use crate::margin::{
    Fill, Side, execution_price, fee, in_range, liquidation_price, notional, pnl, positive_price,
    positive_ratio, positive_usd, safe_line, share,
};
use crate::units::{MarketIx, PriceE10, RatioE10, TimeNs, UsdE6, UserIx};

/// Facts of a market, as read from the venue, and the last mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Market {
    /// Smallest leverage.
    pub min_leverage: RatioE10,
    /// Largest leverage.
    pub max_leverage: RatioE10,
    /// Smallest notional.
    pub min_notional: UsdE6,
    /// Share of the collateral that may be lost before liquidation.
    pub threshold: RatioE10,
    /// Opening fee as a share of notional.
    pub open_fee: RatioE10,
    /// Closing fee as a share of notional.
    pub close_fee: RatioE10,
    /// Spread of one fill as a share of the price.
    pub spread: RatioE10,
    /// False = known but closed to opens.
    pub is_open: bool,
}

impl Market {
    /// Costs nothing and allows everything: used where the market is not declared, so that the
    /// rules that do not need a market still report a lower bound.
    pub(super) const UNDECLARED: Self = Self {
        min_leverage: RatioE10::ZERO,
        max_leverage: RatioE10::MAX,
        min_notional: UsdE6::ZERO,
        threshold: RatioE10::ONE,
        open_fee: RatioE10::ZERO,
        close_fee: RatioE10::ZERO,
        spread: RatioE10::ZERO,
        is_open: false,
    };

    pub(super) fn validate(&self) -> Result<(), CoreError> {
        let low = self.min_leverage.get();
        in_range("max_leverage_e10", self.max_leverage.get(), low, i64::MAX)?;
        in_range("min_notional_e6", self.min_notional.get(), 0, i64::MAX)?;
        share("threshold_e10", self.threshold)?;
        share("open_fee_e10", self.open_fee)?;
        share("close_fee_e10", self.close_fee)?;
        share("spread_e10", self.spread)
    }
}

/// An open somebody asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenRequest {
    /// Who.
    pub user: UserIx,
    /// What.
    pub market: MarketIx,
    /// Direction.
    pub side: Side,
    /// Collateral.
    pub collateral: UsdE6,
    /// Leverage.
    pub leverage: RatioE10,
    /// Quoted price, before spread.
    pub price: PriceE10,
    /// Stop price, if any.
    pub stop: Option<PriceE10>,
    /// The instant of the question, Unix time.
    pub now: TimeNs,
}

impl OpenRequest {
    pub(super) fn validate(&self) -> Result<(), CoreError> {
        positive_usd("collateral_e6", self.collateral)?;
        positive_ratio("leverage_e10", self.leverage)?;
        positive_price("price_e10", self.price)?;
        self.stop
            .map_or(Ok(()), |stop| positive_price("stop_loss_e10", stop))
    }
}

/// Figures of an open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// Collateral times leverage, rounded down.
    pub notional: UsdE6,
    /// Collateral plus opening fee.
    pub required: UsdE6,
    /// Quoted price after spread.
    pub entry: PriceE10,
    /// Opening fee.
    pub open_fee: UsdE6,
    /// Closing fee on the opened notional.
    pub close_fee: UsdE6,
    /// Cost of the spread on the way out; that of the way in is part of `entry`.
    pub spread_cost: UsdE6,
    /// Liquidation price; 0 where the market is not declared.
    pub liquidation: PriceE10,
    /// Safe line; 0 where the market is not declared.
    pub safe_line: PriceE10,
    /// Loss at the stop, or the whole collateral without one, plus all costs.
    pub worst_loss: UsdE6,
}

impl Figures {
    /// Figures of `request` in `market`.
    ///
    /// # Errors
    /// `Overflow` when a figure does not fit its unit.
    pub fn of(
        request: &OpenRequest,
        market: Option<&Market>,
        liquidation_buffer: RatioE10,
    ) -> Result<Self, CoreError> {
        let facts = market.unwrap_or(&Market::UNDECLARED);
        let entry = execution_price(request.price, facts.spread, request.side, Fill::Open)?;
        if entry == PriceE10::ZERO {
            let reason = format!("{} is 0 after the spread", request.price.get());
            return Err(CoreError::invalid("price_e10", reason));
        }
        let size = SizeFigures::of(request, facts, entry, request.collateral)?;
        let lines = match market {
            Some(market) => Lines::of(request, market, entry, liquidation_buffer)?,
            None => Lines::default(),
        };
        Ok(Self {
            notional: size.notional,
            required: size.required,
            entry,
            open_fee: size.open_fee,
            close_fee: size.close_fee,
            spread_cost: size.spread_cost,
            liquidation: lines.liquidation,
            safe_line: lines.safe,
            worst_loss: size.worst_loss,
        })
    }
}

/// The prices at which an open ends; the size does not move them.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Lines {
    pub(super) liquidation: PriceE10,
    pub(super) safe: PriceE10,
}

impl Lines {
    pub(super) fn of(
        request: &OpenRequest,
        market: &Market,
        entry: PriceE10,
        liquidation_buffer: RatioE10,
    ) -> Result<Self, CoreError> {
        let liquidation = match liquidation_price(
            entry,
            request.collateral,
            request.leverage,
            request.side,
            market.threshold,
            UsdE6::ZERO,
            UsdE6::ZERO,
        ) {
            // A short of next to no leverage is liquidated above any price; the leverage rules
            // refuse it, so this must not fail first. The largest price is nearer: safe.
            Err(error) if error.is_overflow() => PriceE10::MAX,
            other => other?,
        };
        let safe = safe_line(entry, liquidation, liquidation_buffer, request.side)?;
        Ok(Self { liquidation, safe })
    }
}

/// The figures that follow the size: each is non-decreasing in the collateral.
#[derive(Debug, Clone, Copy)]
pub(super) struct SizeFigures {
    pub(super) notional: UsdE6,
    pub(super) required: UsdE6,
    pub(super) open_fee: UsdE6,
    pub(super) close_fee: UsdE6,
    pub(super) spread_cost: UsdE6,
    pub(super) worst_loss: UsdE6,
}

impl SizeFigures {
    pub(super) fn of(
        request: &OpenRequest,
        facts: &Market,
        entry: PriceE10,
        collateral: UsdE6,
    ) -> Result<Self, CoreError> {
        let notional = notional(collateral, request.leverage)?;
        let open_fee = fee(notional, facts.open_fee)?;
        let close_fee = fee(notional, facts.close_fee)?;
        let spread_cost = fee(notional, facts.spread)?;
        let at_stop = match request.stop {
            // A stop on the winning side loses nothing itself; the costs remain.
            Some(stop) => pnl(entry, stop, collateral, request.leverage, request.side)?
                .negated()
                .max(UsdE6::ZERO),
            None => collateral,
        };
        let costs = open_fee.checked_add(close_fee)?.checked_add(spread_cost)?;
        Ok(Self {
            notional,
            required: collateral.checked_add(open_fee)?,
            open_fee,
            close_fee,
            spread_cost,
            worst_loss: at_stop.checked_add(costs)?,
        })
    }
}
