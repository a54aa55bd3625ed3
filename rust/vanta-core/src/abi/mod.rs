//! Calls, returns and events of the venue's contracts, encoded and decoded.
