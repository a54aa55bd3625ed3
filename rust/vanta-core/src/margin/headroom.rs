//! How much more the venue takes on each side of a pair.

use super::Side;
use super::in_range;
use super::percent::not_negative;
use crate::error::CoreError;
use crate::units::{PercentE10, UsdE6, mul_div_floor};

/// Caps on open interest and what is open now.
#[derive(Debug, Clone, Copy)]
pub struct OiCaps {
    /// Cap of the whole venue.
    pub max_open_interest: UsdE6,
    /// Open on the whole venue.
    pub total_oi: UsdE6,
    /// Cap of the pair's group.
    pub max_group_oi: UsdE6,
    /// Open in the group.
    pub group_oi: UsdE6,
    /// Cap of one wallet.
    pub max_wallet_oi: UsdE6,
    /// Open by the wallet.
    pub wallet_oi: UsdE6,
    /// Cap of the pair.
    pub pair_max_oi: UsdE6,
    /// Open long on the pair.
    pub long_oi: UsdE6,
    /// Open short on the pair.
    pub short_oi: UsdE6,
    /// The pair's part of the group's cap.
    pub group_share: PercentE10,
    /// The longs' part of that.
    pub max_long: PercentE10,
    /// The shorts' part of that.
    pub max_short: PercentE10,
    /// What the venue says it still takes long; the largest amount where it does not say.
    pub liquidity_buy: UsdE6,
    /// What the venue says it still takes short.
    pub liquidity_sell: UsdE6,
}

impl OiCaps {
    /// All amounts and percents are 0 or more.
    ///
    /// # Errors
    /// `OutOfRange` naming the first that is not.
    pub fn check(&self) -> Result<(), CoreError> {
        let amounts = [
            ("max_open_interest_e6", self.max_open_interest),
            ("total_oi_e6", self.total_oi),
            ("max_group_oi_e6", self.max_group_oi),
            ("group_oi_e6", self.group_oi),
            ("max_wallet_oi_e6", self.max_wallet_oi),
            ("wallet_oi_e6", self.wallet_oi),
            ("pair_max_oi_e6", self.pair_max_oi),
            ("long_oi_e6", self.long_oi),
            ("short_oi_e6", self.short_oi),
            ("liquidity_buy_e6", self.liquidity_buy),
            ("liquidity_sell_e6", self.liquidity_sell),
        ];
        for (name, amount) in amounts {
            in_range(name, amount.get(), 0, i64::MAX)?;
        }
        not_negative("group_share_p_e10", self.group_share)?;
        not_negative("max_long_p_e10", self.max_long)?;
        not_negative("max_short_p_e10", self.max_short)
    }

    /// Largest notional a new position on `side` may have: the least of what every cap leaves,
    /// rounded down; the side's own cap is `group cap * group share * side share`.
    ///
    /// # Errors
    /// Those of [`OiCaps::check`].
    pub fn headroom(&self, side: Side) -> Result<UsdE6, CoreError> {
        self.check()?;
        let (share, open, liquidity) = match side {
            Side::Long => (self.max_long, self.long_oi, self.liquidity_buy),
            Side::Short => (self.max_short, self.short_oi, self.liquidity_sell),
        };
        let whole = PercentE10::WHOLE.wide();
        let part = self.group_share.wide() * share.wide();
        // A cap that does not fit is no cap.
        let side_cap =
            mul_div_floor(self.max_group_oi.get(), part, whole * whole).unwrap_or(i64::MAX);
        let (pair, long, short) = (&self.pair_max_oi, &self.long_oi, &self.short_oi);
        let left = [
            self.max_open_interest.wide() - self.total_oi.wide(),
            self.max_group_oi.wide() - self.group_oi.wide(),
            self.max_wallet_oi.wide() - self.wallet_oi.wide(),
            pair.wide() - long.wide() - short.wide(),
            i128::from(side_cap) - open.wide(),
            liquidity.wide(),
        ];
        let least = left.into_iter().min().unwrap_or(0).max(0);
        i64::try_from(least)
            .map_err(|_| CoreError::Overflow { what: "headroom" })
            .and_then(UsdE6::new)
    }
}
