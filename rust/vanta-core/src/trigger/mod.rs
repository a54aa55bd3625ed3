//! Stops, limits and targets by price: a tick touches only what fires.
