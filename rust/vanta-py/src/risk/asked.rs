//! What is asked of the book: one open by keyword, or one array per field.

use pyo3::prelude::*;
use vanta_core::CoreError;
use vanta_core::margin::Side;
use vanta_core::risk::OpenRequest;
use vanta_core::units::PriceE10;

use crate::arrays::{OptionalArg, array, array_like, int, int_or, row};
use crate::errors::to_py;

/// 0 = no stop.
fn stop(price: PriceE10) -> Option<PriceE10> {
    (price != PriceE10::ZERO).then_some(price)
}

/// The open of a scalar call.
#[expect(
    clippy::too_many_arguments,
    reason = "the fields of one open, by keyword"
)]
pub(super) fn request(
    user_ix: &Bound<'_, PyAny>,
    market_ix: &Bound<'_, PyAny>,
    is_long: bool,
    collateral_e6: &Bound<'_, PyAny>,
    leverage_e10: &Bound<'_, PyAny>,
    price_e10: &Bound<'_, PyAny>,
    stop_loss_e10: OptionalArg<'_>,
    now_ns: &Bound<'_, PyAny>,
) -> PyResult<OpenRequest> {
    Ok(OpenRequest {
        user: int("user_ix", user_ix)?,
        market: int("market_ix", market_ix)?,
        side: Side::from_is_long(is_long),
        collateral: int("collateral_e6", collateral_e6)?,
        leverage: int("leverage_e10", leverage_e10)?,
        price: int("price_e10", price_e10)?,
        stop: stop(int_or("stop_loss_e10", stop_loss_e10, PriceE10::ZERO)?),
        now: int("now_ns", now_ns)?,
    })
}

/// The opens of a batch call, row by row.
#[expect(clippy::too_many_arguments, reason = "one array per field")]
pub(super) fn requests(
    user_ix: &Bound<'_, PyAny>,
    market_ix: &Bound<'_, PyAny>,
    is_long: &Bound<'_, PyAny>,
    collateral_e6: &Bound<'_, PyAny>,
    leverage_e10: &Bound<'_, PyAny>,
    price_e10: &Bound<'_, PyAny>,
    stop_loss_e10: &Bound<'_, PyAny>,
    now_ns: &Bound<'_, PyAny>,
) -> PyResult<Vec<OpenRequest>> {
    let user: Vec<u32> = array("user_ix", user_ix)?;
    let (n, like) = (user.len(), "user_ix");
    let market: Vec<u16> = array_like("market_ix", market_ix, n, like)?;
    let is_long: Vec<bool> = array_like("is_long", is_long, n, like)?;
    let collateral: Vec<i64> = array_like("collateral_e6", collateral_e6, n, like)?;
    let leverage: Vec<i64> = array_like("leverage_e10", leverage_e10, n, like)?;
    let price: Vec<i64> = array_like("price_e10", price_e10, n, like)?;
    let stops: Vec<i64> = array_like("stop_loss_e10", stop_loss_e10, n, like)?;
    let now = int("now_ns", now_ns)?;
    let whose = user.iter().zip(&market).zip(&is_long);
    let sizes = collateral.iter().zip(&leverage);
    let prices = price.iter().zip(&stops);
    whose
        .zip(sizes)
        .zip(prices)
        .enumerate()
        .map(
            |(i, ((((&user, &market), &is_long), (&collateral, &leverage)), (&price, &at)))| {
                Ok(OpenRequest {
                    user: row("user_ix", i, user)?,
                    market: row("market_ix", i, market)?,
                    side: Side::from_is_long(is_long),
                    collateral: row("collateral_e6", i, collateral)?,
                    leverage: row("leverage_e10", i, leverage)?,
                    price: row("price_e10", i, price)?,
                    stop: stop(row("stop_loss_e10", i, at)?),
                    now,
                })
            },
        )
        .collect::<Result<_, CoreError>>()
        .map_err(to_py)
}
