//! What a transaction offers for its place in a block.
