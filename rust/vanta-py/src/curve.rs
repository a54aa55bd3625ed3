//! The curve for public data: recovery and checks.

use std::sync::LazyLock;

use vanta_core::ecdsa::Curve;

/// Tables only, no secret and nothing that changes, so one serves all calls; making one takes longer
/// than a look at a signature. Keys are used with their ring's own, blinded curve.
pub(crate) static PUBLIC: LazyLock<Curve> = LazyLock::new(Curve::public);
