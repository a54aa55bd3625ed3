//! Secrets at rest: AES-256-GCM envelopes bound to their owner and purpose.
