//! Who may speak at one instant: freshness by two clocks, quarantine, sessions.
//!
//! | kind | currency clock | age clock |
//! | --- | --- | --- |
//! | stream | - | now - publish time, and the same measured on the monotonic clock |
//! | push | now - time of the block it was read at | now - publish time <= heartbeat * 1.25 |

use super::codes::Standing;
use super::config::AggregateConfig;
use super::feed::{Feed, FeedKind, Instant, MAX_FEEDS, NEVER, Seen, after};
use super::world::World;

/// Everything needed to judge feeds.
#[derive(Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub config: &'a AggregateConfig,
    pub world: &'a World,
    pub has_hours: bool,
    /// Wall time of the asking: a head known by then is no news from the future to an earlier
    /// instant that is settled only now.
    pub asked_wall: i64,
}

/// One independent speaker.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Voice {
    pub price: i64,
    pub group: u16,
    pub feed: u8,
    pub primary: bool,
}

/// Result of [`survey`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Survey {
    voices: [Voice; MAX_FEEDS],
    count: u8,
    pub standings: [Standing; MAX_FEEDS],
    /// Some unquarantined feed said that its session is closed, or none ever spoke.
    pub closed: bool,
}

impl Survey {
    pub(crate) fn voices(&self) -> &[Voice] {
        self.voices.get(..usize::from(self.count)).unwrap_or(&[])
    }
}

// The currency clock: the block the feed was read at is recent, and not from the future.
fn read_lately(feed: &Feed, now: Instant, scene: Scene<'_>) -> bool {
    let skew = scene.config.future_skew_ns;
    feed.head != NEVER
        && feed.head <= scene.asked_wall.max(now.wall).saturating_add(skew)
        && now.wall.saturating_sub(feed.head) <= feed.head_limit
}

/// Standing of one feed at one instant.
pub(crate) fn standing(feed: &Feed, now: Instant, scene: Scene<'_>) -> Standing {
    let config = scene.config;
    let Some(seen) = &feed.last else {
        return if feed.quarantined(now.mono) {
            Standing::Quarantined
        } else {
            Standing::Stale
        };
    };
    let aged = by_clocks(feed, seen, now, scene);
    if aged == Standing::Fresh && now.mono >= feed.frozen_from(config) {
        return Standing::Frozen;
    }
    if feed.quarantined(now.mono) {
        return Standing::Quarantined;
    }
    if scene.has_hours && feed.session_closed {
        return Standing::Closed;
    }
    aged
}

fn by_clocks(feed: &Feed, seen: &Seen, now: Instant, scene: Scene<'_>) -> Standing {
    let config = scene.config;
    let age = now.wall.saturating_sub(seen.publish);
    if age > feed.age_limit || age < -config.future_skew_ns {
        return Standing::Stale;
    }
    match feed.spec.kind {
        FeedKind::Stream if now.mono > seen.stale_mono => Standing::Stale,
        FeedKind::Stream => Standing::Fresh,
        FeedKind::Push if now.wall < scene.world.push_from(config) => Standing::Sequencer,
        FeedKind::Push if read_lately(feed, now, scene) => Standing::Fresh,
        FeedKind::Push => Standing::Stale,
    }
}

/// Judge all feeds of a market at one instant and pick one voice per group: the freshest.
pub(crate) fn survey(feeds: &[Feed], now: Instant, scene: Scene<'_>) -> Survey {
    let mut voices = [Voice::default(); MAX_FEEDS];
    let mut standings = [Standing::Stale; MAX_FEEDS];
    let mut count: u8 = 0;
    let mut said_closed = false;
    let mut ever_spoke = false;
    let mut silenced = false;
    for ((index, feed), slot) in (0_u8..).zip(feeds).zip(standings.iter_mut()) {
        let verdict = standing(feed, now, scene);
        *slot = verdict;
        if !feed.quarantined(now.mono) {
            said_closed |= feed.session_closed;
            ever_spoke |= feed.last.is_some();
        }
        if verdict != Standing::Fresh {
            continue;
        }
        let Some(seen) = &feed.last else { continue };
        let mine = Voice {
            price: seen.price,
            group: feed.spec.group,
            feed: index,
            primary: feed.leads,
        };
        let taken = voices.get_mut(..usize::from(count)).unwrap_or(&mut []);
        let rival = taken
            .iter_mut()
            .find(|voice| voice.group == feed.spec.group);
        match rival {
            None => {
                if let Some(free) = voices.get_mut(usize::from(count)) {
                    *free = mine;
                    count += 1;
                }
            }
            Some(voice) => {
                silenced = true;
                let theirs = feeds.get(usize::from(voice.feed));
                if theirs.is_some_and(|theirs| fresher(feed, theirs)) {
                    *voice = mine;
                }
            }
        }
    }
    if silenced {
        let chosen = voices.get(..usize::from(count)).unwrap_or(&[]);
        for (index, slot) in (0_u8..).zip(standings.iter_mut()) {
            if *slot == Standing::Fresh && chosen.iter().all(|voice| voice.feed != index) {
                *slot = Standing::Sibling;
            }
        }
    }
    Survey {
        voices,
        count,
        standings,
        closed: scene.has_hours && (said_closed || !ever_spoke),
    }
}

// By publish time; ties by the primary, then by source, never by order of arrival.
fn fresher(a: &Feed, b: &Feed) -> bool {
    let rank = |feed: &Feed| {
        (
            feed.last.map(|seen| seen.key()),
            feed.spec.primary,
            std::cmp::Reverse(feed.source),
        )
    };
    rank(a) > rank(b)
}

/// Wall time up to which the feed stays fresh if nothing else happens.
pub(crate) fn fresh_until(feed: &Feed) -> i64 {
    let Some(seen) = &feed.last else { return 0 };
    let aged = seen.publish.saturating_add(feed.age_limit);
    if feed.is_push() {
        aged.min(feed.head.saturating_add(feed.head_limit))
    } else {
        aged
    }
}

/// The next monotonic instant later than `since` at which some feed joins or leaves by time alone.
pub(crate) fn next_change(feeds: &[Feed], since: i64, now: Instant, scene: Scene<'_>) -> i64 {
    let offset = now.offset();
    let mut next = i64::MAX;
    let mut consider = |at: i64| next = next.min(if at > since { at } else { i64::MAX });
    for feed in feeds {
        consider(feed.quarantine_until);
        let Some(seen) = &feed.last else { continue };
        consider(after(seen.publish, feed.age_limit).saturating_sub(offset));
        // Where the wall clock was set back, a word from the future becomes one of the present.
        consider(
            seen.publish
                .saturating_sub(scene.config.future_skew_ns)
                .saturating_sub(offset),
        );
        consider(feed.frozen_from(scene.config));
        if feed.is_push() {
            if feed.head != NEVER {
                consider(after(feed.head, feed.head_limit).saturating_sub(offset));
                consider(
                    feed.head
                        .saturating_sub(scene.config.future_skew_ns)
                        .saturating_sub(offset),
                );
            }
            consider(scene.world.push_from(scene.config).saturating_sub(offset));
        } else {
            consider(after(seen.stale_mono, 0));
        }
    }
    next
}
