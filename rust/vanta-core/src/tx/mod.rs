//! Transactions: signing hash, assembly, hash, decoding.
