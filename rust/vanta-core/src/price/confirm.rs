//! What needs a second word before it counts: a changed exponent, a jump.

use super::claim::pair_tolerance;
use super::codes::Standing;
use super::feed::{ExpoTrial, Feed, Held, Instant, Seen};
use super::gate::Reading;
use super::number::{jump_limit, within};
use super::survey::{Scene, standing};

// Gate 3. A changed exponent shuts the source out until it agreed with a peer often enough.
pub(crate) fn try_expo(
    feeds: &mut [Feed],
    index: usize,
    expo: i32,
    Reading { price, key }: Reading,
    future: bool,
    now: Instant,
    scene: Scene<'_>,
) -> bool {
    let agrees = price.is_some_and(|price| agreeing_peer(feeds, index, price, now, scene, false));
    let Some(feed) = feeds.get_mut(index) else {
        return false;
    };
    let fresh_trial = ExpoTrial {
        expo,
        agreed: 0,
        key: feed.last.map_or((i64::MIN, -1), |last| last.key()),
    };
    let mut trial = feed
        .trial
        .as_deref()
        .copied()
        .filter(|trial| trial.expo == expo)
        .unwrap_or(fresh_trial);
    if future {
        // Its key must not make every later word look old.
        trial.agreed = 0;
    } else if key > trial.key {
        trial.key = key;
        trial.agreed = if agrees { trial.agreed + 1 } else { 0 };
    }
    if trial.agreed >= scene.config.expo_confirmations {
        feed.spec.expo = expo;
        feed.trial = None;
        return true;
    }
    feed.trial = Some(Box::new(trial));
    expo == feed.spec.expo
}

// Gate 7, first half: further from the same source's last word than time explains?
pub(crate) fn jumps(feed: &Feed, candidate: &Seen, scene: Scene<'_>) -> bool {
    feed.last.is_some_and(|last| leaps(&last, candidate, scene))
}

fn leaps(from: &Seen, to: &Seen, scene: Scene<'_>) -> bool {
    let config = scene.config;
    // The root is computed only for what the constant part does not allow.
    if within(
        to.price,
        from.price,
        from.price,
        config.jump_base_e10.min(config.jump_cap_e10),
    ) {
        return false;
    }
    let limit = jump_limit(
        to.publish.saturating_sub(from.publish),
        config.jump_base_e10,
        config.jump_slope_e10,
        config.jump_cap_e10,
    );
    !within(to.price, from.price, from.price, limit)
}

/// Whether an independent, usable feed says about the same; `held` counts jumps on hold as words.
pub(crate) fn agreeing_peer(
    feeds: &[Feed],
    index: usize,
    price: i64,
    now: Instant,
    scene: Scene<'_>,
    held: bool,
) -> bool {
    let Some(me) = feeds.get(index) else {
        return false;
    };
    let agrees = |peer: &Feed, theirs: i64| {
        let tolerance = pair_tolerance(me, peer, scene.config);
        within(price, theirs, price.min(theirs), tolerance)
    };
    feeds
        .iter()
        .filter(|peer| peer.spec.group != me.spec.group)
        .any(|peer| {
            let word = peer
                .last
                .filter(|_| standing(peer, now, scene) == Standing::Fresh)
                .is_some_and(|last| agrees(peer, last.price));
            let waiting = || {
                held && !peer.quarantined(now.mono)
                    && peer.held.as_ref().is_some_and(|held| {
                        now.mono <= held.seen.stale_mono && agrees(peer, held.seen.price)
                    })
            };
            word || waiting()
        })
}

// Gate 7, second half: held until enough updates in a row tell the same story.
pub(crate) fn confirmed_by_itself(
    feeds: &mut [Feed],
    index: usize,
    candidate: Seen,
    scene: Scene<'_>,
) -> bool {
    let Some(feed) = feeds.get_mut(index) else {
        return false;
    };
    let count = match feed.held.as_deref() {
        // A late one tells nothing new.
        Some(held) if candidate.key() < held.seen.key() => return false,
        Some(held) if !leaps(&held.seen, &candidate, scene) => held.count.saturating_add(1),
        Some(_) | None => 1,
    };
    if count >= scene.config.jump_confirmations {
        return true;
    }
    feed.held = Some(Box::new(Held {
        seen: candidate,
        count,
    }));
    false
}
