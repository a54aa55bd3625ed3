//! What a transaction offers for its place in a block.
//!
//! Amounts are wei in `u128`: all ether there is fits into 87 bits, so a fee, a cap times a gas
//! limit and their sums are exact there, and what does not fit is an error, never a wrapped number.
//!
//! | question | file |
//! | --- | --- |
//! | what the next block must be paid | `base` |
//! | what to offer first | `offer` |
//! | what replaces an attempt, and when to stop | `bump` |
//! | what it can cost at worst | `spend` |

mod base;
mod bump;
mod offer;
mod spend;

pub use base::{FeeMarket, Header, forecast_base_fee, next_base_fee};
pub use bump::{BUMP_REASONS, Bump, BumpReason, Stuck, bump_fees, replacement_floor};
pub use offer::{FeePolicy, Fees, choose_fees};
pub use spend::{Spend, budget_left, max_spend};

use crate::error::CoreError;

fn overflow(what: &'static str) -> CoreError {
    CoreError::Overflow { what }
}

fn out_of(name: &'static str, value: u128, min: u128, max: u128) -> CoreError {
    let wide = |amount| i128::try_from(amount).unwrap_or(i128::MAX);
    CoreError::OutOfRange {
        name,
        value: wide(value),
        min: wide(min),
        max: wide(max),
    }
}
