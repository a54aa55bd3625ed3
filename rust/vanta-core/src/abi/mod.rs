//! Calls, returns, events and errors of the venue's contracts, encoded and decoded.
//!
//! Two ways, for two needs. The calls a bot sends all day have a fixed layout and are laid out word
//! by word ([`OpenTrade`], [`CloseTrade`], [`OpenOrders`]): no type is looked at, nothing is
//! allocated but the result. Everything else goes by its type ([`encode`], [`decode`]), found by
//! name, selector or topic in a table that configuration can extend ([`AbiTable`]).
//!
//! Whatever is decoded may have been written by anyone: see `decode` for what is refused.

mod builder_code;
mod codec;
mod decode;
mod entry;
mod logs;
mod orders;
mod reverts;
mod signature;
mod table;
mod trades;

pub use builder_code::{BuilderCode, append_builder_code, split_builder_code};
pub use codec::{encode, encode_packed};
pub use decode::decode;
pub use entry::{Entry, Kind};
pub use logs::{Event, Log};
pub use orders::{OpenOrders, OpenRows, Traders};
pub use signature::{Field, Signature, parse_type};
pub use table::AbiTable;
pub use trades::{CloseTrade, OpenTrade, OrderType};

pub use alloy_dyn_abi::{DynSolType, DynSolValue};
pub use alloy_primitives::keccak256;
