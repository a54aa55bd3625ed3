//! Which nonce belongs to which intent, per wallet, and what became of it.
