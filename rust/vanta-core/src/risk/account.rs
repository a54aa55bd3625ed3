//! One user's account as the book keeps it.

use super::opens::{Counts, Opens, Window};
use super::policies::PolicyIx;
use super::tables::{Markets, Positions};
use crate::error::CoreError;
use crate::margin::{Side, in_range, notional, pnl, quick_gross, share};
use crate::units::{MarketIx, PriceE10, RatioE10, TimeNs, UsdE6, UserIx};

/// A user's limits, already the stricter of policy and system ceiling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Limits {
    /// Largest leverage.
    pub max_leverage: RatioE10,
    /// Largest notional of a position.
    pub max_position: UsdE6,
    /// Largest worst loss as a share of equity.
    pub max_account_risk: RatioE10,
    /// Share of the entry-to-liquidation distance kept free.
    pub liquidation_buffer: RatioE10,
    /// Largest loss since 00:00 UTC as a share of equity then.
    pub max_daily_loss: RatioE10,
    /// Opens in 60 s.
    pub opens_per_minute: i64,
    /// Opens in a UTC day.
    pub trades_per_day: i64,
    /// Notional opened in an hour.
    pub volume_hour: UsdE6,
    /// Notional opened in a UTC day.
    pub volume_day: UsdE6,
    /// Losing streak at which opens stop.
    pub max_losses_in_row: i64,
}

impl Limits {
    /// Refuses every open.
    pub(super) const NOTHING: Self = Self {
        max_leverage: RatioE10::ZERO,
        max_position: UsdE6::ZERO,
        max_account_risk: RatioE10::ZERO,
        liquidation_buffer: RatioE10::ONE,
        max_daily_loss: RatioE10::ZERO,
        opens_per_minute: 0,
        trades_per_day: 0,
        volume_hour: UsdE6::ZERO,
        volume_day: UsdE6::ZERO,
        max_losses_in_row: 0,
    };

    pub(super) fn validate(&self) -> Result<(), CoreError> {
        share("liquidation_buffer_e10", self.liquidation_buffer)?;
        for (name, value) in [
            ("max_position_e6", self.max_position.get()),
            ("opens_per_minute", self.opens_per_minute),
            ("trades_per_day", self.trades_per_day),
            ("volume_hour_e6", self.volume_hour.get()),
            ("volume_day_e6", self.volume_day.get()),
            ("max_losses_in_row", self.max_losses_in_row),
        ] {
            in_range(name, value, 0, i64::MAX)?;
        }
        Ok(())
    }
}

/// What `load_users` sets of a user.
#[derive(Debug, Clone, Copy)]
pub struct UserState {
    /// Who.
    pub user: UserIx,
    /// Cash, amounts reserved in this book included.
    pub cash: UsdE6,
    /// Equity at 00:00 UTC of the present day.
    pub day_start_equity: UsdE6,
    /// Losing streak.
    pub losses_in_row: i64,
    /// Limits.
    pub limits: Limits,
}

/// An open position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Its market.
    pub market: MarketIx,
    /// Its direction.
    pub side: Side,
    /// Average entry price.
    pub entry: PriceE10,
    /// Collateral still in it.
    pub collateral: UsdE6,
    /// Leverage.
    pub leverage: RatioE10,
}

impl Position {
    fn gross(&self, price: PriceE10) -> Result<UsdE6, CoreError> {
        let quick = quick_gross(
            self.entry.get(),
            price.get(),
            self.collateral.get(),
            self.leverage.get(),
            self.side,
        );
        match quick {
            Some(gross) => UsdE6::new(gross),
            None => pnl(self.entry, price, self.collateral, self.leverage, self.side),
        }
    }
}

/// A user's account.
#[derive(Debug, Clone)]
pub struct Account {
    /// Its limits.
    pub(super) policy: PolicyIx,
    /// Equity as of the marks of that count; 0 = not known.
    worth_at: u64,
    equity: UsdE6,
    /// Ours, reserved amounts included.
    pub(super) cash: UsdE6,
    pub(super) reserved: UsdE6,
    /// Start of the UTC day `start_equity` belongs to; none = the day of the next question.
    pub(super) day: Option<TimeNs>,
    pub(super) start_equity: UsdE6,
    pub(super) losses_in_row: i64,
    pub(super) positions: Positions,
    pub(super) opens: Opens,
}

/// An account at the last marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Exposure {
    /// Cash, reserved amounts included.
    pub cash: UsdE6,
    /// Reserved for opens on their way.
    pub reserved: UsdE6,
    /// Collateral of all positions.
    pub margin: UsdE6,
    /// Profit of all positions at the marks, each floored at its collateral.
    pub unrealised: UsdE6,
    /// `cash + margin + unrealised`
    pub equity: UsdE6,
    /// `cash - reserved`
    pub free: UsdE6,
    /// Notional of the longs.
    pub long_notional: UsdE6,
    /// Notional of the shorts.
    pub short_notional: UsdE6,
    /// Equity now less equity at 00:00 UTC.
    pub day_pnl: UsdE6,
    /// Equity at 00:00 UTC.
    pub day_start_equity: UsdE6,
    /// Opens in the last 60 s.
    pub opens_last_minute: i64,
    /// Opens of this UTC day.
    pub trades_today: i64,
    /// Notional opened in the last hour.
    pub volume_hour: UsdE6,
    /// Notional opened this UTC day.
    pub volume_day: UsdE6,
    /// Closes with a loss since the last one without.
    pub losses_in_row: i64,
}

/// Equity at the last marks, and what the windows hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) equity: UsdE6,
    pub(super) counts: Counts,
}

/// Margin, profit and equity at some marks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Worth {
    pub(super) margin: UsdE6,
    pub(super) unrealised: UsdE6,
    pub(super) equity: UsdE6,
}

impl Account {
    pub(super) fn new(state: &UserState, policy: PolicyIx) -> Self {
        Self {
            policy,
            worth_at: 0,
            equity: UsdE6::ZERO,
            cash: state.cash,
            reserved: UsdE6::ZERO,
            day: None,
            start_equity: state.day_start_equity,
            losses_in_row: state.losses_in_row,
            positions: Positions::default(),
            opens: Opens::default(),
        }
    }

    /// Bytes of positions and opens.
    pub(super) fn heap_bytes(&self) -> usize {
        self.positions.heap_bytes() + self.opens.heap_bytes()
    }

    /// Read a little of everything an admission will read, whatever it is.
    #[inline]
    pub(super) fn touch(&self, marks: u64, now: TimeNs) -> i64 {
        let held = if self.worth_at == marks {
            0
        } else {
            self.positions.touch()
        };
        self.losses_in_row ^ held ^ self.opens.touch(now)
    }

    /// Cash or positions changed.
    pub(super) fn forget_worth(&mut self) {
        self.worth_at = 0;
    }

    /// What the account stands at; its positions and opens are read only where they, the marks or
    /// a window changed since it was last asked.
    ///
    /// # Errors
    /// `Overflow` when a sum does not fit.
    #[inline]
    pub(super) fn known(&mut self, markets: &Markets, now: TimeNs) -> Result<Known, CoreError> {
        if self.worth_at != markets.marks() {
            self.equity = self.worth(|index| markets.mark(index))?.equity;
            self.worth_at = markets.marks();
        }
        Ok(Known {
            equity: self.equity,
            counts: self.opens.counts(now)?,
        })
    }

    pub(super) fn free(&self) -> Result<UsdE6, CoreError> {
        self.cash.checked_sub(self.reserved)
    }

    /// End a reservation. The sum of all live reservations is `reserved`, so it never goes below 0.
    pub(super) fn give_back(&mut self, amount: UsdE6) {
        self.reserved = self.reserved.checked_sub(amount).unwrap_or(UsdE6::ZERO);
    }

    /// What the account is worth at `mark`; a position whose market has no mark stands at entry.
    pub(super) fn worth(
        &self,
        mark: impl Fn(MarketIx) -> Option<PriceE10>,
    ) -> Result<Worth, CoreError> {
        let (mut margin, mut unrealised) = (UsdE6::ZERO, UsdE6::ZERO);
        for (_, position) in self.positions.iter() {
            margin = margin.checked_add(position.collateral)?;
            if let Some(price) = mark(position.market) {
                unrealised = unrealised.checked_add(position.gross(price)?)?;
            }
        }
        let equity = self.cash.checked_add(margin)?.checked_add(unrealised)?;
        Ok(Worth {
            margin,
            unrealised,
            equity,
        })
    }

    /// Equity the day's loss is measured from. On a day not yet started it is the equity now.
    pub(super) fn day_start_equity(&self, now: TimeNs, equity: UsdE6) -> UsdE6 {
        match self.day {
            Some(day) if day < now.day_start() => equity,
            Some(_) | None => self.start_equity,
        }
    }

    /// The first question after a load says which day the loaded start of the day belongs to.
    pub(super) fn anchor(&mut self, now: TimeNs) {
        self.day.get_or_insert(now.day_start());
    }

    /// Enter the day of `now`, before anything of that day is applied.
    pub(super) fn roll(&mut self, now: TimeNs, equity: UsdE6) {
        self.start_equity = self.day_start_equity(now, equity);
        let today = now.day_start();
        self.day = Some(self.day.map_or(today, |day| day.max(today)));
    }

    pub(super) fn exposure(
        &self,
        now: TimeNs,
        mark: impl Fn(MarketIx) -> Option<PriceE10>,
    ) -> Result<Exposure, CoreError> {
        let worth = self.worth(mark)?;
        let (mut long, mut short) = (UsdE6::ZERO, UsdE6::ZERO);
        for (_, position) in self.positions.iter() {
            let amount = notional(position.collateral, position.leverage)?;
            match position.side {
                Side::Long => long = long.checked_add(amount)?,
                Side::Short => short = short.checked_add(amount)?,
            }
        }
        let start = self.day_start_equity(now, worth.equity);
        Ok(Exposure {
            cash: self.cash,
            reserved: self.reserved,
            margin: worth.margin,
            unrealised: worth.unrealised,
            equity: worth.equity,
            free: self.free()?,
            long_notional: long,
            short_notional: short,
            day_pnl: worth.equity.checked_sub(start)?,
            day_start_equity: start,
            opens_last_minute: self.opens.count(Window::MINUTE, now),
            trades_today: self.opens.count(Window::UtcDay, now),
            volume_hour: self.opens.volume(Window::HOUR, now)?,
            volume_day: self.opens.volume(Window::UtcDay, now)?,
            losses_in_row: self.losses_in_row,
        })
    }
}
