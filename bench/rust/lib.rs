//! Benches of `vanta-core`; the library itself is empty.
