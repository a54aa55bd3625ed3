//! The class `RiskBook`.

use pyo3::prelude::*;
use vanta_core::CoreError;
use vanta_core::margin::Side;
use vanta_core::risk::{FillUpdate, Limits, Market, RiskBook, UserState};
use vanta_core::units::UserIx;

use super::answers::{PyAdmissions, PyExposure, PyRiskVerdict};
use super::asked::{Columns, request};
use crate::arrays::{OptionalArg, array, array_like, int, int_or, row};
use crate::errors::to_py;
use crate::shared::Shared;

type Row = (i64, i64, i64, i64, i64, i64, i64);

/// Accounts, positions, reservations and limits of all users of this shard.
#[pyclass(frozen, module = "vanta._core", name = "RiskBook")]
pub(crate) struct PyRiskBook {
    book: Shared<RiskBook>,
}

#[pymethods]
#[expect(
    clippy::too_many_arguments,
    reason = "one argument per field, by keyword"
)]
impl PyRiskBook {
    #[new]
    fn new() -> Self {
        Self {
            book: Shared::default(),
        }
    }

    /// Declare a market or replace its facts; `is_open` False refuses every open on it.
    #[pyo3(signature = (
        market_ix, *, min_leverage_e10, max_leverage_e10, min_notional_e6, threshold_e10,
        open_fee_e10, close_fee_e10, spread_e10, is_open=true
    ))]
    fn set_market(
        &self,
        py: Python<'_>,
        market_ix: &Bound<'_, PyAny>,
        min_leverage_e10: &Bound<'_, PyAny>,
        max_leverage_e10: &Bound<'_, PyAny>,
        min_notional_e6: &Bound<'_, PyAny>,
        threshold_e10: &Bound<'_, PyAny>,
        open_fee_e10: &Bound<'_, PyAny>,
        close_fee_e10: &Bound<'_, PyAny>,
        spread_e10: &Bound<'_, PyAny>,
        is_open: bool,
    ) -> PyResult<()> {
        let index = int("market_ix", market_ix)?;
        let market = Market {
            min_leverage: int("min_leverage_e10", min_leverage_e10)?,
            max_leverage: int("max_leverage_e10", max_leverage_e10)?,
            min_notional: int("min_notional_e6", min_notional_e6)?,
            threshold: int("threshold_e10", threshold_e10)?,
            open_fee: int("open_fee_e10", open_fee_e10)?,
            close_fee: int("close_fee_e10", close_fee_e10)?,
            spread: int("spread_e10", spread_e10)?,
            is_open,
        };
        self.book.with(py, |book| book.set_market(index, market))
    }

    /// Add users or replace their cash and limits; positions and reservations stay.
    #[pyo3(signature = (
        user_ix, *, cash_e6, day_start_equity_e6, losses_in_row, max_leverage_e10, max_position_e6, max_account_risk_e10, liquidation_buffer_e10, max_daily_loss_e10, opens_per_minute, trades_per_day, volume_hour_e6, volume_day_e6, max_losses_in_row
    ))]
    fn load_users(
        &self,
        py: Python<'_>,
        user_ix: &Bound<'_, PyAny>,
        cash_e6: &Bound<'_, PyAny>,
        day_start_equity_e6: &Bound<'_, PyAny>,
        losses_in_row: &Bound<'_, PyAny>,
        max_leverage_e10: &Bound<'_, PyAny>,
        max_position_e6: &Bound<'_, PyAny>,
        max_account_risk_e10: &Bound<'_, PyAny>,
        liquidation_buffer_e10: &Bound<'_, PyAny>,
        max_daily_loss_e10: &Bound<'_, PyAny>,
        opens_per_minute: &Bound<'_, PyAny>,
        trades_per_day: &Bound<'_, PyAny>,
        volume_hour_e6: &Bound<'_, PyAny>,
        volume_day_e6: &Bound<'_, PyAny>,
        max_losses_in_row: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let user: Vec<u32> = array("user_ix", user_ix)?;
        let column = |name: &'static str, any: &Bound<'_, PyAny>| -> PyResult<Vec<i64>> {
            array_like(name, any, user.len(), "user_ix")
        };
        let cash = column("cash_e6", cash_e6)?;
        let day_start_equity = column("day_start_equity_e6", day_start_equity_e6)?;
        let losses_in_row = column("losses_in_row", losses_in_row)?;
        let max_leverage = column("max_leverage_e10", max_leverage_e10)?;
        let max_position = column("max_position_e6", max_position_e6)?;
        let max_account_risk = column("max_account_risk_e10", max_account_risk_e10)?;
        let liquidation_buffer = column("liquidation_buffer_e10", liquidation_buffer_e10)?;
        let max_daily_loss = column("max_daily_loss_e10", max_daily_loss_e10)?;
        let opens_per_minute = column("opens_per_minute", opens_per_minute)?;
        let trades_per_day = column("trades_per_day", trades_per_day)?;
        let volume_hour = column("volume_hour_e6", volume_hour_e6)?;
        let volume_day = column("volume_day_e6", volume_day_e6)?;
        let max_losses_in_row = column("max_losses_in_row", max_losses_in_row)?;
        let users = user.iter().enumerate().map(|(i, &ix)| {
            // Every column has as many rows as `user_ix`.
            let at = |column: &[i64]| column.get(i).copied().unwrap_or_default();
            Ok(UserState {
                user: row("user_ix", i, ix)?,
                cash: row("cash_e6", i, at(&cash))?,
                day_start_equity: row("day_start_equity_e6", i, at(&day_start_equity))?,
                losses_in_row: row("losses_in_row", i, at(&losses_in_row))?,
                limits: Limits {
                    max_leverage: row("max_leverage_e10", i, at(&max_leverage))?,
                    max_position: row("max_position_e6", i, at(&max_position))?,
                    max_account_risk: row("max_account_risk_e10", i, at(&max_account_risk))?,
                    liquidation_buffer: row("liquidation_buffer_e10", i, at(&liquidation_buffer))?,
                    max_daily_loss: row("max_daily_loss_e10", i, at(&max_daily_loss))?,
                    opens_per_minute: row("opens_per_minute", i, at(&opens_per_minute))?,
                    trades_per_day: row("trades_per_day", i, at(&trades_per_day))?,
                    volume_hour: row("volume_hour_e6", i, at(&volume_hour))?,
                    volume_day: row("volume_day_e6", i, at(&volume_day))?,
                    max_losses_in_row: row("max_losses_in_row", i, at(&max_losses_in_row))?,
                },
            })
        });
        let users: Vec<UserState> = users.collect::<Result<_, CoreError>>().map_err(to_py)?;
        self.book.with_detached(py, |book| book.load_users(&users))
    }

    /// Past opens, oldest first, so that rolling windows survive a restart.
    #[pyo3(signature = (user_ix, *, at_ns, notional_e6))]
    fn load_opens(
        &self,
        py: Python<'_>,
        user_ix: &Bound<'_, PyAny>,
        at_ns: &Bound<'_, PyAny>,
        notional_e6: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let user: Vec<u32> = array("user_ix", user_ix)?;
        let at: Vec<i64> = array_like("at_ns", at_ns, user.len(), "user_ix")?;
        let amount: Vec<i64> = array_like("notional_e6", notional_e6, user.len(), "user_ix")?;
        let rows = user.iter().zip(&at).zip(&amount).enumerate();
        let opens: Vec<_> = rows
            .map(|(i, ((&user, &at), &amount))| {
                let user: UserIx = row("user_ix", i, user)?;
                Ok((user, row("at_ns", i, at)?, row("notional_e6", i, amount)?))
            })
            .collect::<Result<_, CoreError>>()
            .map_err(to_py)?;
        self.book.with_detached(py, |book| book.load_opens(&opens))
    }

    #[pyo3(signature = (market_ix, *, price_e10))]
    fn set_marks(
        &self,
        py: Python<'_>,
        market_ix: &Bound<'_, PyAny>,
        price_e10: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let market: Vec<u16> = array("market_ix", market_ix)?;
        let price: Vec<i64> = array_like("price_e10", price_e10, market.len(), "market_ix")?;
        let rows = market.iter().zip(&price).enumerate();
        let marks: Vec<_> = rows
            .map(|(i, (&market, &price))| {
                Ok((row("market_ix", i, market)?, row("price_e10", i, price)?))
            })
            .collect::<Result<_, CoreError>>()
            .map_err(to_py)?;
        self.book.with(py, |book| book.set_marks(&marks))
    }

    /// What `admit` would say, without reserving.
    #[pyo3(signature = (
        user_ix, *, market_ix, is_long, collateral_e6, leverage_e10, price_e10,
        stop_loss_e10=OptionalArg::ABSENT, now_ns
    ), text_signature = "($self, user_ix, *, market_ix, is_long, collateral_e6, leverage_e10, price_e10, stop_loss_e10=0, now_ns)")]
    fn check(
        &self,
        py: Python<'_>,
        user_ix: &Bound<'_, PyAny>,
        market_ix: &Bound<'_, PyAny>,
        is_long: bool,
        collateral_e6: &Bound<'_, PyAny>,
        leverage_e10: &Bound<'_, PyAny>,
        price_e10: &Bound<'_, PyAny>,
        stop_loss_e10: OptionalArg<'_>,
        now_ns: &Bound<'_, PyAny>,
    ) -> PyResult<PyRiskVerdict> {
        let asked = request(
            user_ix,
            market_ix,
            is_long,
            collateral_e6,
            leverage_e10,
            price_e10,
            stop_loss_e10,
            now_ns,
        )?;
        self.book
            .with(py, |book| book.check(&asked))
            .map(PyRiskVerdict::from)
    }

    /// Run every rule; when all pass, reserve cash and count the open.
    #[pyo3(signature = (
        user_ix, *, market_ix, is_long, collateral_e6, leverage_e10, price_e10,
        stop_loss_e10=OptionalArg::ABSENT, now_ns
    ), text_signature = "($self, user_ix, *, market_ix, is_long, collateral_e6, leverage_e10, price_e10, stop_loss_e10=0, now_ns)")]
    fn admit(
        &self,
        py: Python<'_>,
        user_ix: &Bound<'_, PyAny>,
        market_ix: &Bound<'_, PyAny>,
        is_long: bool,
        collateral_e6: &Bound<'_, PyAny>,
        leverage_e10: &Bound<'_, PyAny>,
        price_e10: &Bound<'_, PyAny>,
        stop_loss_e10: OptionalArg<'_>,
        now_ns: &Bound<'_, PyAny>,
    ) -> PyResult<PyRiskVerdict> {
        let asked = request(
            user_ix,
            market_ix,
            is_long,
            collateral_e6,
            leverage_e10,
            price_e10,
            stop_loss_e10,
            now_ns,
        )?;
        self.book
            .with(py, |book| book.admit(&asked))
            .map(PyRiskVerdict::from)
    }

    /// `admit` row by row, in order.
    #[pyo3(signature = (
        user_ix, *, market_ix, is_long, collateral_e6, leverage_e10, price_e10, stop_loss_e10,
        now_ns
    ))]
    fn admit_batch(
        &self,
        py: Python<'_>,
        user_ix: &Bound<'_, PyAny>,
        market_ix: &Bound<'_, PyAny>,
        is_long: &Bound<'_, PyAny>,
        collateral_e6: &Bound<'_, PyAny>,
        leverage_e10: &Bound<'_, PyAny>,
        price_e10: &Bound<'_, PyAny>,
        stop_loss_e10: &Bound<'_, PyAny>,
        now_ns: &Bound<'_, PyAny>,
    ) -> PyResult<PyAdmissions> {
        let asked = Columns::read(
            user_ix,
            market_ix,
            is_long,
            collateral_e6,
            leverage_e10,
            price_e10,
            stop_loss_e10,
            now_ns,
        )?;
        let rows = self
            .book
            .with_detached(py, |book| book.admit_rows(&asked.rows()))?;
        Ok(PyAdmissions::new(py, rows))
    }

    /// Bytes the book holds, its tables' slack included.
    fn memory_bytes(&self, py: Python<'_>) -> PyResult<usize> {
        self.book.with_detached(py, |book| Ok(book.memory_bytes()))
    }

    /// Give a reservation back (order refused or rejected later); False when unknown.
    fn release(&self, py: Python<'_>, reservation: &Bound<'_, PyAny>) -> PyResult<bool> {
        let reservation: u64 = int("reservation", reservation)?;
        self.book.with(py, |book| Ok(book.release(reservation)))
    }

    /// Set a position to its state after a fill (collateral 0 = gone) and move cash.
    #[pyo3(signature = (
        user_ix, *, position_id, market_ix, is_long, entry_e10, collateral_e6, leverage_e10,
        cash_delta_e6, realised_e6, is_close, at_ns, reservation=OptionalArg::ABSENT
    ), text_signature = "($self, user_ix, *, position_id, market_ix, is_long, entry_e10, collateral_e6, leverage_e10, cash_delta_e6, realised_e6, is_close, at_ns, reservation=0)")]
    fn apply_fill(
        &self,
        py: Python<'_>,
        user_ix: &Bound<'_, PyAny>,
        position_id: &Bound<'_, PyAny>,
        market_ix: &Bound<'_, PyAny>,
        is_long: bool,
        entry_e10: &Bound<'_, PyAny>,
        collateral_e6: &Bound<'_, PyAny>,
        leverage_e10: &Bound<'_, PyAny>,
        cash_delta_e6: &Bound<'_, PyAny>,
        realised_e6: &Bound<'_, PyAny>,
        is_close: bool,
        at_ns: &Bound<'_, PyAny>,
        reservation: OptionalArg<'_>,
    ) -> PyResult<()> {
        let fill = FillUpdate {
            user: int("user_ix", user_ix)?,
            position_id: int("position_id", position_id)?,
            market: int("market_ix", market_ix)?,
            side: Side::from_is_long(is_long),
            entry: int("entry_e10", entry_e10)?,
            collateral: int("collateral_e6", collateral_e6)?,
            leverage: int("leverage_e10", leverage_e10)?,
            cash_delta: int("cash_delta_e6", cash_delta_e6)?,
            realised: int("realised_e6", realised_e6)?,
            is_close,
            at: int("at_ns", at_ns)?,
            reservation: int_or("reservation", reservation, 0)?,
        };
        self.book.with(py, |book| book.apply_fill(&fill))
    }

    #[pyo3(signature = (user_ix, *, day_start_ns, equity_e6))]
    fn start_day(
        &self,
        py: Python<'_>,
        user_ix: &Bound<'_, PyAny>,
        day_start_ns: &Bound<'_, PyAny>,
        equity_e6: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let user = int("user_ix", user_ix)?;
        let day = int("day_start_ns", day_start_ns)?;
        let equity = int("equity_e6", equity_e6)?;
        self.book.with(py, |book| book.start_day(user, day, equity))
    }

    #[pyo3(signature = (user_ix, *, now_ns))]
    fn exposure(
        &self,
        py: Python<'_>,
        user_ix: &Bound<'_, PyAny>,
        now_ns: &Bound<'_, PyAny>,
    ) -> PyResult<PyExposure> {
        let user = int("user_ix", user_ix)?;
        let now = int("now_ns", now_ns)?;
        self.book
            .with(py, |book| book.exposure(user, now))
            .map(PyExposure::from)
    }

    /// (`user_ix`, `position_id`, `market_ix`, side, `entry_e10`, `collateral_e6`, `leverage_e10`)
    /// rows by user and position; side 1 = long, 0 = short.
    fn dump(&self, py: Python<'_>) -> PyResult<Vec<Row>> {
        let positions = self.book.with_detached(py, |book| Ok(book.positions()))?;
        let rows = positions.into_iter().map(|(user, id, position)| {
            (
                i64::from(user.get()),
                id,
                i64::from(position.market.get()),
                i64::from(position.side.is_long()),
                position.entry.get(),
                position.collateral.get(),
                position.leverage.get(),
            )
        });
        Ok(rows.collect())
    }
}
