//! Digests of typed data and the venue's intents.
