//! Keys that sign: unsealed, used and wiped in here; outside only handles are seen.

mod key;

pub use key::Key;
