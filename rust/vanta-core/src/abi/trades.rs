//! The two calls of the hot path, laid out word by word.
//!
//! Both argument lists are static (the trade tuple included), so a call is its selector and one
//! word per field in order; a test holds the layouts against the general encoder.

use alloy_primitives::Address;

use crate::error::CoreError;
use crate::units::{PriceE10, RatioE10, UsdE6};

const WORD: usize = 32;
const SELECTOR: usize = 4;

/// How the venue is to open (`uint8 type` of `openTrade`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OrderType {
    /// At the market, now.
    Market,
    /// When the price passes the open price in the trade's direction.
    StopLimit,
    /// When the price comes back to the open price.
    Limit,
    /// At the market, fee on profit only.
    MarketPnl,
}

impl OrderType {
    /// The type of the contract's number.
    ///
    /// # Errors
    /// `OutOfRange` beyond 3: the contract reverts on what its enum does not hold.
    pub fn new(number: u8) -> Result<Self, CoreError> {
        match number {
            0 => Ok(Self::Market),
            1 => Ok(Self::StopLimit),
            2 => Ok(Self::Limit),
            3 => Ok(Self::MarketPnl),
            _ => Err(CoreError::OutOfRange {
                name: "order_type",
                value: i128::from(number),
                min: 0,
                max: 3,
            }),
        }
    }

    /// The contract's number.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Market => 0,
            Self::StopLimit => 1,
            Self::Limit => 2,
            Self::MarketPnl => 3,
        }
    }
}

/// Arguments of `openTrade`, the same in both versions of the contracts.
///
/// The collateral goes where the tuple says `positionSizeUSDC`; slot, registered collateral and
/// time are assigned by the venue at the fill and are 0 here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenTrade {
    /// Whose position it becomes.
    pub trader: Address,
    /// The venue's index of the pair.
    pub pair_index: u16,
    /// What is put in; never negative.
    pub collateral: UsdE6,
    /// Wanted price.
    pub open_price: PriceE10,
    /// Long.
    pub is_long: bool,
    /// Leverage.
    pub leverage: RatioE10,
    /// Take profit, 0 = none.
    pub take_profit: PriceE10,
    /// Stop loss, 0 = none.
    pub stop_loss: PriceE10,
    /// How to open.
    pub order_type: OrderType,
    /// Accepted distance from the wanted price, in percent: 1 % is 10^10.
    pub slippage: RatioE10,
}

impl OpenTrade {
    /// First four bytes of the call.
    pub const SELECTOR: [u8; SELECTOR] = [0x19, 0xcd, 0xe9, 0xa1];
    /// Bytes of the call: selector, 11 words of the trade, type, slippage.
    pub const CALLDATA: usize = SELECTOR + 13 * WORD;

    /// Write the call over `out`, which must be all zeros: only bytes that can be set are.
    ///
    /// # Errors
    /// `OutOfRange` for a negative collateral.
    pub fn write(&self, out: &mut [u8; Self::CALLDATA]) -> Result<(), CoreError> {
        let collateral = unsigned("collateral_e6", self.collateral)?;
        put(out, 0, Self::SELECTOR);
        put(out, end(0) - 20, self.trader.into_array());
        put(out, end(1) - 2, self.pair_index.to_be_bytes());
        put(out, end(4) - 8, collateral);
        put(out, end(5) - 8, self.open_price.get().to_be_bytes());
        put(out, end(6) - 1, [u8::from(self.is_long)]);
        put(out, end(7) - 8, self.leverage.get().to_be_bytes());
        put(out, end(8) - 8, self.take_profit.get().to_be_bytes());
        put(out, end(9) - 8, self.stop_loss.get().to_be_bytes());
        put(out, end(11) - 1, [self.order_type.number()]);
        put(out, end(12) - 8, self.slippage.get().to_be_bytes());
        Ok(())
    }
}

/// Arguments of `closeTradeMarket` with a wanted price (second version of the contracts).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CloseTrade {
    /// The venue's index of the pair.
    pub pair_index: u16,
    /// Slot of the position within the pair.
    pub index: u16,
    /// Collateral to take out; never negative.
    pub amount: UsdE6,
    /// Wanted price.
    pub wanted_price: PriceE10,
}

impl CloseTrade {
    /// First four bytes of the call.
    pub const SELECTOR: [u8; SELECTOR] = [0xe5, 0xa9, 0x7c, 0x92];
    /// Bytes of the call: selector and four words.
    pub const CALLDATA: usize = SELECTOR + 4 * WORD;

    /// Write the call over `out`, which must be all zeros.
    ///
    /// # Errors
    /// `OutOfRange` for a negative amount.
    pub fn write(&self, out: &mut [u8; Self::CALLDATA]) -> Result<(), CoreError> {
        let amount = unsigned("amount_e6", self.amount)?;
        put(out, 0, Self::SELECTOR);
        put(out, end(0) - 2, self.pair_index.to_be_bytes());
        put(out, end(1) - 2, self.index.to_be_bytes());
        put(out, end(2) - 8, amount);
        put(out, end(3) - 8, self.wanted_price.get().to_be_bytes());
        Ok(())
    }
}

/// What leaves a wallet or a position, as the last bytes of its word.
pub(super) fn unsigned(name: &'static str, amount: UsdE6) -> Result<[u8; 8], CoreError> {
    if amount < UsdE6::ZERO {
        return Err(CoreError::OutOfRange {
            name,
            value: amount.wide(),
            min: 0,
            max: UsdE6::MAX.wide(),
        });
    }
    Ok(amount.get().to_be_bytes())
}

/// First byte after argument word `word`.
const fn end(word: usize) -> usize {
    SELECTOR + (word + 1) * WORD
}

fn put<const N: usize, const M: usize>(out: &mut [u8; N], at: usize, bytes: [u8; M]) {
    // Every offset above is a constant inside of its array, so the slice is always there.
    if let Some(place) = out.get_mut(at..at + M) {
        place.copy_from_slice(&bytes);
    }
}
