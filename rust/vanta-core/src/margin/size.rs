//! The largest size that still satisfies a bound.

use super::{Side, fee, in_range, notional, pnl, positive_price, positive_ratio};
use crate::error::CoreError;
use crate::units::{PriceE10, RatioE10, UsdE6, mul_div_floor};

/// What a trade of any collateral loses at its stop.
#[derive(Debug, Clone, Copy)]
struct Trade {
    /// Entry price.
    entry: PriceE10,
    /// Price of the stop.
    stop: PriceE10,
    /// Leverage of the position.
    leverage: RatioE10,
    /// Fees and spread as a share of notional.
    cost: RatioE10,
    /// Direction of the position.
    side: Side,
}

impl Trade {
    /// Loss at the stop plus costs; non-decreasing in the collateral.
    fn loss(&self, collateral: UsdE6) -> Result<UsdE6, CoreError> {
        if collateral == UsdE6::ZERO {
            return Ok(UsdE6::ZERO);
        }
        let at_stop = pnl(self.entry, self.stop, collateral, self.leverage, self.side)?;
        let costs = fee(notional(collateral, self.leverage)?, self.cost)?;
        costs.checked_sub(at_stop)
    }
}

/// The largest value in `0..=high` that `fits`, when whatever fits makes all smaller values fit.
/// 0 when nothing larger does. `guess` only makes it fast: the search gallops away from it.
pub(crate) fn largest_fitting(
    high: i64,
    guess: i64,
    mut fits: impl FnMut(i64) -> Result<bool, CoreError>,
) -> Result<i64, CoreError> {
    if high <= 0 {
        return Ok(0);
    }
    if fits(high)? {
        return Ok(high);
    }
    // Invariant: `good` fits (or is 0), `bad` does not.
    let (mut good, mut bad) = (0, high);
    let guess = guess.clamp(0, high - 1);
    let mut step = 1_i64;
    if guess == 0 || fits(guess)? {
        good = guess;
        while bad - good > step {
            let next = good + step;
            if !fits(next)? {
                bad = next;
                break;
            }
            good = next;
            step = step.saturating_mul(2);
        }
    } else {
        bad = guess;
        while bad - good > step {
            let next = bad - step;
            if fits(next)? {
                good = next;
                break;
            }
            bad = next;
            step = step.saturating_mul(2);
        }
    }
    while bad - good > 1 {
        let middle = good + (bad - good) / 2;
        if fits(middle)? {
            good = middle;
        } else {
            bad = middle;
        }
    }
    Ok(good)
}

/// Largest collateral whose loss at the stop, costs included, stays within `risk`; 0 when not even
/// one unit does. `cost` is the sum of opening fee, closing fee and spread as a share of notional.
///
/// # Errors
/// `OutOfRange` for a negative risk or a price or leverage that is not positive, `Invalid` for a
/// stop that is not on the losing side of entry, `Overflow` when no bound below the largest
/// representable position exists.
pub fn size_for_risk(
    risk: UsdE6,
    entry: PriceE10,
    stop: PriceE10,
    leverage: RatioE10,
    cost: RatioE10,
    side: Side,
) -> Result<UsdE6, CoreError> {
    in_range("risk_e6", risk.get(), 0, i64::MAX)?;
    positive_price("entry_e10", entry)?;
    positive_price("stop_e10", stop)?;
    positive_ratio("leverage_e10", leverage)?;
    if stop == entry || !side.at_or_beyond(stop, entry) {
        let reason = format!(
            "{} is not on the losing side of entry {}",
            stop.get(),
            entry.get()
        );
        return Err(CoreError::invalid("stop_e10", reason));
    }
    let trade = Trade {
        entry,
        stop,
        leverage,
        cost,
        side,
    };
    // An amount that does not fit 64 bits is above any risk.
    let fits = |collateral: i64| match UsdE6::new(collateral).and_then(|c| trade.loss(c)) {
        Ok(loss) => Ok(loss <= risk),
        Err(error) if error.is_overflow() => Ok(false),
        Err(error) => Err(error),
    };
    // The loss is linear up to rounding, so a round probe of the slope lands next to the answer.
    let probe = UsdE6::new(1_000_000_000_000).and_then(|c| Ok((c, trade.loss(c)?)));
    let guess = match probe {
        Ok((c, loss)) if loss > UsdE6::ZERO => {
            mul_div_floor(risk.get(), c.wide(), loss.wide()).unwrap_or(i64::MAX)
        }
        Ok(_) | Err(_) => risk.get(),
    };
    let found = largest_fitting(i64::MAX, guess, fits)?;
    if found == i64::MAX {
        return Err(CoreError::Overflow { what: "collateral" });
    }
    UsdE6::new(found)
}
