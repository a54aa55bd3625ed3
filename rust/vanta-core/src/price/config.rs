//! Constants of the aggregation.

use crate::error::CoreError;
use crate::units::{E10, MINUTE_NS, SECOND_NS};

/// Longest strike memory a feed keeps inline.
const MAX_STRIKES: i64 = 8;
/// Longest breaker window, in seconds, a market keeps inline.
const MAX_WINDOW_S: i64 = 15;
const YEAR_NS: i64 = 366 * 86_400 * SECOND_NS;

macro_rules! constants {
    ($($(#[$doc:meta])* $name:ident = $default:expr, $range:expr;)+) => {
        /// What the price rules leave to the operator, with the documented defaults.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct AggregateConfig { $($(#[$doc])* pub $name: i64),+ }

        impl Default for AggregateConfig {
            fn default() -> Self {
                Self { $($name: $default),+ }
            }
        }

        impl AggregateConfig {
            /// Set one constant by name; unchecked until [`AggregateConfig::validate`].
            ///
            /// # Errors
            /// `Invalid` when there is no constant of this name.
            pub fn set(&mut self, name: &str, value: i64) -> Result<(), CoreError> {
                match name {
                    $(stringify!($name) => self.$name = value,)+
                    _ => return Err(CoreError::invalid("config", format!("has no {name}"))),
                }
                Ok(())
            }

            /// Check every constant.
            ///
            /// # Errors
            /// `OutOfRange` naming the first constant outside of its range.
            pub fn validate(&self) -> Result<(), CoreError> {
                $(
                    let allowed = $range;
                    range(stringify!($name), self.$name, *allowed.start(), *allowed.end())?;
                )+
                Ok(())
            }
        }
    };
}

constants! {
    /// Travels with each quote, so that a decision can be traced to the rules it was made under.
    /// The last integer stays outside, as of every range: it stands for all that are beyond.
    version = 1, 0..=i64::MAX - 1;
    /// Largest age of a stream observation and of the block a push feed was read at.
    stream_max_age_ns = 5 * SECOND_NS, 1..=YEAR_NS;
    /// How far ahead of our clock a publish time may be.
    future_skew_ns = SECOND_NS, 0..=YEAR_NS;
    /// Smallest tolerance between two sources.
    deviation_e10 = 50_000_000, 0..=E10;
    /// Largest tolerance, whatever deviation and confidence a source claims.
    tolerance_cap_e10 = 150_000_000, 0..=E10;
    /// Largest confidence as a share of the price.
    max_conf_e10 = 50_000_000, 0..=E10;
    /// Jump guard: allowed at once.
    jump_base_e10 = 200_000_000, 0..=E10;
    /// Jump guard: allowed on top, times the square root of the seconds passed.
    jump_slope_e10 = 50_000_000, 0..=E10;
    /// Jump guard: never more than this.
    jump_cap_e10 = 1_000_000_000, 0..=E10;
    /// Consecutive updates that confirm a jump without a second source.
    jump_confirmations = 3, 1..=1_000;
    /// Agreeing updates that lift the quarantine after an exponent change.
    expo_confirmations = 5, 1..=1_000;
    /// An unchanged stream is frozen after this, once a peer moved.
    frozen_after_ns = MINUTE_NS, 1..=YEAR_NS;
    /// How far a peer must move, or be beyond a push feed's threshold.
    frozen_move_e10 = 20_000_000, 0..=E10;
    /// How long a push feed may stay beyond its threshold.
    frozen_push_ns = 30 * SECOND_NS, 1..=YEAR_NS;
    /// Strikes that lead to quarantine.
    strikes = 3, 1..=MAX_STRIKES;
    /// Within this time.
    strike_window_ns = MINUTE_NS, 1..=YEAR_NS;
    /// First quarantine; doubles with each further one.
    quarantine_ns = MINUTE_NS, 1..=YEAR_NS;
    /// Longest quarantine; also the clean time after which doubling starts over.
    quarantine_max_ns = 15 * MINUTE_NS, 1..=YEAR_NS;
    /// The primary returns after this time of good updates.
    return_after_ns = 10 * SECOND_NS, 0..=YEAR_NS;
    /// And after this many of them.
    return_updates = 5, 1..=1_000;
    /// The breaker opens on a conflict longer than this; also the conflict alarm.
    breaker_conflict_ns = 3 * SECOND_NS, 0..=YEAR_NS;
    /// The breaker opens on a larger move within `breaker_window_ns` that no second source confirms.
    breaker_move_e10 = 500_000_000, 0..=E10;
    /// The breaker opens on a larger move within `breaker_window_ns` that a fresh source contests.
    breaker_contested_e10 = 200_000_000, 0..=E10;
    /// Window of the two moves above, rounded up to whole seconds.
    breaker_window_ns = 10 * SECOND_NS, SECOND_NS..=MAX_WINDOW_S * SECOND_NS;
    /// OPEN lasts at least this long.
    breaker_open_ns = 30 * SECOND_NS, 1..=YEAR_NS;
    /// Good updates in a row that close the breaker.
    breaker_good = 10, 1..=1_000;
    /// Last known good is shown no longer than this.
    display_ns = 15 * MINUTE_NS, 1..=YEAR_NS;
    /// Largest tolerated error of our own clock.
    clock_offset_ns = 500_000_000, 0..=YEAR_NS;
    /// After the sequencer returned, push feeds wait this long.
    sequencer_grace_ns = 60 * MINUTE_NS, 0..=YEAR_NS;
    /// Divergence alarm: smoothed gap between sources above this ...
    divergence_e10 = 30_000_000, 0..=E10;
    /// ... for this long ...
    divergence_after_ns = 2 * MINUTE_NS, 0..=YEAR_NS;
    /// ... smoothed with this time constant.
    divergence_tau_ns = 30 * SECOND_NS, 1..=YEAR_NS;
}

/// `value` within `min..=max`, or an error naming it.
pub(crate) fn range(name: &'static str, value: i64, min: i64, max: i64) -> Result<(), CoreError> {
    if (min..=max).contains(&value) {
        return Ok(());
    }
    Err(CoreError::OutOfRange {
        name,
        value: value.into(),
        min: min.into(),
        max: max.into(),
    })
}
