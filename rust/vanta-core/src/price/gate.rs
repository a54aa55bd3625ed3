//! The gates an observation passes, in the published order; the first that fails gives the answer.

use super::codes::Reject;
use super::confirm::{agreeing_peer, confirmed_by_itself, jumps, try_expo};
use super::feed::{Feed, Instant, Key, Seen};
use super::market::MarketSpec;
use super::number::{MAX_EXPO, Number, Rounding, conf_ratio, scale};
use super::survey::Scene;
use crate::units::E10;

/// One observation as it came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observation {
    /// Mantissa of the price.
    pub value: Number,
    /// Exponent the source claims.
    pub expo: i32,
    /// Mantissa of the confidence, if any.
    pub conf: Option<Number>,
    /// Publish time on the source's wall clock; saturated where it does not fit.
    pub publish_ns: i64,
    /// Sequence within one publish time, if any.
    pub seq: Option<i128>,
    /// Whether the session is open, if the source says.
    pub session_open: Option<bool>,
    /// Our wall time of arrival.
    pub recv_wall_ns: i64,
    /// Our monotonic time of arrival.
    pub recv_mono_ns: i64,
}

/// What the gates say.
pub(crate) enum Verdict {
    Accepted(Seen),
    Refused {
        reject: Reject,
        /// The refusal may have changed who can speak (quarantine, session, clock).
        settles: bool,
    },
}

fn refuse(reject: Reject) -> Verdict {
    Verdict::Refused {
        reject,
        settles: false,
    }
}

fn refuse_and_settle(reject: Reject) -> Verdict {
    Verdict::Refused {
        reject,
        settles: true,
    }
}

/// What gate 1 and 2 make of the raw observation.
#[derive(Clone, Copy)]
pub(crate) struct Reading {
    /// Price under the claimed exponent; `None` when it only makes sense under the pinned one.
    pub price: Option<i64>,
    pub key: Key,
}

/// Run all gates for the feed at `index`.
pub(crate) fn gates(
    feeds: &mut [Feed],
    index: usize,
    seen: &Observation,
    now: Instant,
    market: &MarketSpec,
    scene: Scene<'_>,
) -> Verdict {
    let Some(feed) = feeds.get(index) else {
        return refuse(Reject::Malformed);
    };
    let reading = match read(feed, seen, market) {
        Ok(reading) => reading,
        Err(reject) => return refuse(reject),
    };
    let future = seen.publish_ns > now.wall.saturating_add(scene.config.future_skew_ns);
    if (seen.expo != feed.spec.expo || feed.trial.is_some())
        && !try_expo(feeds, index, seen.expo, reading, future, now, scene)
    {
        return refuse_and_settle(Reject::ExpoChanged);
    }
    if future {
        return refuse_and_settle(Reject::Future);
    }
    let (Some(price), Some(feed)) = (reading.price, feeds.get_mut(index)) else {
        return refuse(Reject::OutOfBounds);
    };
    let ordering = order(feed, reading.key, price);
    let mut session_moved = false;
    if scene.has_hours && matches!(ordering, None | Some(Reject::Duplicate)) {
        // The word about the session counts even where the price brings nothing new.
        let closed = seen.session_open != Some(true);
        session_moved = closed != feed.session_closed;
        feed.session_closed = closed;
    }
    match ordering {
        None => {}
        Some(Reject::Equivocation) => {
            feed.quarantine(now.mono, scene.config);
            return refuse_and_settle(Reject::Equivocation);
        }
        Some(reject) => {
            return Verdict::Refused {
                reject,
                settles: session_moved,
            };
        }
    }
    let max_conf = if market.max_conf_e10 > 0 {
        market.max_conf_e10
    } else {
        scene.config.max_conf_e10
    };
    let Some(conf) = confidence(feed, seen, price, max_conf) else {
        return Verdict::Refused {
            reject: Reject::WideConf,
            settles: session_moved,
        };
    };
    let age = now.wall.saturating_sub(seen.publish_ns).max(0);
    let candidate = Seen {
        price,
        conf,
        conf_ratio: conf_ratio(conf, price),
        publish: seen.publish_ns,
        seq: reading.key.1,
        recv_mono: now.mono,
        stale_mono: now.mono.saturating_add(feed.age_limit.saturating_sub(age)),
        struck: false,
    };
    if jumps(feed, &candidate, scene)
        && !agreeing_peer(feeds, index, price, now, scene, true)
        && !confirmed_by_itself(feeds, index, candidate, scene)
    {
        return Verdict::Refused {
            reject: Reject::Jump,
            settles: session_moved,
        };
    }
    if scene.has_hours && seen.session_open != Some(true) {
        return Verdict::Refused {
            reject: Reject::Closed,
            settles: session_moved,
        };
    }
    Verdict::Accepted(candidate)
}

// Gates 1 and 2. Under a foreign exponent the bounds refuse only what is absurd under both
// readings: which of the two is right is for gate 3 to find out.
fn read(feed: &Feed, seen: &Observation, market: &MarketSpec) -> Result<Reading, Reject> {
    let seq = seen.seq.unwrap_or(-1);
    let mantissa = seen.value.get().ok_or(Reject::Malformed)?;
    let broken_conf = matches!(seen.conf, Some(Number::Malformed));
    if seen.expo.unsigned_abs() > MAX_EXPO.unsigned_abs()
        || seen.publish_ns < 0
        || seq < -1
        || (seen.seq == Some(-1))
        || broken_conf
    {
        return Err(Reject::Malformed);
    }
    if mantissa <= 0 {
        return Err(Reject::Nonpositive);
    }
    let within_bounds = |price: &i64| (market.min_price_e10..=market.max_price_e10).contains(price);
    let claimed = scale(mantissa, seen.expo, Rounding::HalfEven);
    let price = claimed.filter(within_bounds);
    if price.is_none() {
        let pinned = (seen.expo != feed.spec.expo)
            .then(|| scale(mantissa, feed.spec.expo, Rounding::HalfEven))
            .flatten()
            .filter(within_bounds);
        if pinned.is_none() {
            return Err(if claimed == Some(0) {
                Reject::Nonpositive
            } else {
                Reject::OutOfBounds
            });
        }
    }
    Ok(Reading {
        price,
        key: (seen.publish_ns, seq),
    })
}

// Gate 5, against the last accepted word, a held jump, or what a withdrawal left behind.
fn order(feed: &Feed, key: Key, price: i64) -> Option<Reject> {
    let repeated = |seen: &Seen| {
        (key == seen.key()).then_some(if price == seen.price {
            Reject::Duplicate
        } else {
            Reject::Equivocation
        })
    };
    let repeats = feed
        .last
        .as_ref()
        .and_then(repeated)
        .or_else(|| feed.held.as_ref().and_then(|held| repeated(&held.seen)));
    if repeats.is_some() {
        return repeats;
    }
    let oldest = feed.last.map(|last| last.key()).or(feed.floor);
    oldest
        .is_some_and(|oldest| key < oldest)
        .then_some(Reject::OutOfOrder)
}

// Gate 6: the confidence at scale 10^10 (0 = none), or `None` when it fails.
fn confidence(feed: &Feed, seen: &Observation, price: i64, max_conf: i64) -> Option<i64> {
    let Some(conf) = seen.conf else {
        return (!feed.spec.conf_required).then_some(0);
    };
    let conf = scale(conf.get()?, seen.expo, Rounding::Up)?;
    let narrow = i128::from(conf) * i128::from(E10) <= i128::from(max_conf) * i128::from(price);
    (conf > 0 && narrow).then_some(conf)
}
