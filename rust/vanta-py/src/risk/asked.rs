//! What is asked of the book: one open by keyword, or one array per field.

use pyo3::prelude::*;
use vanta_core::margin::Side;
use vanta_core::risk::{OpenRequest, OpenRows};
use vanta_core::units::{PriceE10, TimeNs};

use crate::arrays::{OptionalArg, array, array_like, int, int_or};

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

/// The columns of a batch call.
pub(super) struct Columns {
    user: Vec<u32>,
    market: Vec<u16>,
    is_long: Vec<bool>,
    collateral: Vec<i64>,
    leverage: Vec<i64>,
    price: Vec<i64>,
    stop: Vec<i64>,
    now: TimeNs,
}

impl Columns {
    #[expect(clippy::too_many_arguments, reason = "one array per field")]
    pub(super) fn read(
        user_ix: &Bound<'_, PyAny>,
        market_ix: &Bound<'_, PyAny>,
        is_long: &Bound<'_, PyAny>,
        collateral_e6: &Bound<'_, PyAny>,
        leverage_e10: &Bound<'_, PyAny>,
        price_e10: &Bound<'_, PyAny>,
        stop_loss_e10: &Bound<'_, PyAny>,
        now_ns: &Bound<'_, PyAny>,
    ) -> PyResult<Self> {
        let user: Vec<u32> = array("user_ix", user_ix)?;
        let (n, like) = (user.len(), "user_ix");
        Ok(Self {
            user,
            market: array_like("market_ix", market_ix, n, like)?,
            is_long: array_like("is_long", is_long, n, like)?,
            collateral: array_like("collateral_e6", collateral_e6, n, like)?,
            leverage: array_like("leverage_e10", leverage_e10, n, like)?,
            price: array_like("price_e10", price_e10, n, like)?,
            stop: array_like("stop_loss_e10", stop_loss_e10, n, like)?,
            now: int("now_ns", now_ns)?,
        })
    }

    pub(super) fn rows(&self) -> OpenRows<'_> {
        OpenRows {
            user: &self.user,
            market: &self.market,
            is_long: &self.is_long,
            collateral: &self.collateral,
            leverage: &self.leverage,
            price: &self.price,
            stop: &self.stop,
            now: self.now,
        }
    }
}
