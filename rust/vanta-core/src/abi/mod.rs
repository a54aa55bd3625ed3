//! Calls, returns and events of the venue's contracts, encoded and decoded.
//!
//! Two ways, for two needs. The calls a bot sends all day have a fixed layout and are laid out word
//! by word ([`OpenTrade`], [`CloseTrade`], [`OpenOrders`]): no type is looked at, nothing is
//! allocated but the result.

mod orders;
mod trades;

pub use orders::{OpenOrders, OpenRows, Traders};
pub use trades::{CloseTrade, OpenTrade, OrderType};
