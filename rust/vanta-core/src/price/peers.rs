//! What one feed's word means for the others: held jumps confirmed, frozen feeds found out.

use super::claim::pair_tolerance;
use super::codes::Standing;
use super::config::AggregateConfig;
use super::feed::{Feed, Instant, MAX_FEEDS, NEVER, Seen};
use super::market::Market;
use super::number::within;
use super::survey::{Scene, standing};

impl Market {
    // Store, and remember where the peers stand relative to this change.
    pub(crate) fn take(&mut self, index: usize, seen: Seen, now: Instant) {
        let mut peers = [0_i64; MAX_FEEDS];
        for (slot, feed) in peers.iter_mut().zip(&self.feeds) {
            if !feed.quarantined(now.mono) {
                *slot = feed.last.map_or(0, |last| last.price);
            }
        }
        let Some(feed) = self.feeds.get_mut(index) else {
            return;
        };
        if feed.store(seen) {
            feed.peers_then = peers;
        }
    }

    /// The feed at `index` spoke and is no outlier: whoever stays behind may be frozen. Returns
    /// whether somebody newly was left behind.
    pub(crate) fn mark_left_behind(
        &mut self,
        index: usize,
        now: Instant,
        scene: Scene<'_>,
    ) -> bool {
        let Some(feed) = self.feeds.get(index) else {
            return false;
        };
        let (group, Some(seen)) = (feed.spec.group, feed.last) else {
            return false;
        };
        if standing(feed, now, scene) != Standing::Fresh {
            return false;
        }
        let mut marked = false;
        // The reference is where this peer was when the other feed last changed.
        for other in &mut self.feeds {
            if other.spec.group == group || other.peer_moved || other.is_push() {
                continue;
            }
            let Some(then) = other.peers_then.get_mut(index) else {
                continue;
            };
            if *then == 0 {
                *then = seen.price;
            } else if !within(seen.price, *then, *then, scene.config.frozen_move_e10) {
                // Coming towards it is following it, not leaving it behind.
                let word = other.last.map_or(0, |last| last.price);
                other.peer_moved = seen.price.abs_diff(word) > then.abs_diff(word);
                marked |= other.peer_moved;
            }
        }
        marked
    }

    /// Whether the word of the feed at `index`, just taken, can leave nobody behind and no frozen
    /// feed is served: then what is said now may be worked out after the next word of this instant.
    pub(crate) fn leaves_all_in_peace(&self, index: usize, config: &AggregateConfig) -> bool {
        let Some(seen) = self.feeds.get(index).and_then(|feed| feed.last.as_ref()) else {
            return false;
        };
        !self.has_push
            && self.feeds.iter().enumerate().all(|(at, other)| {
                let then = other.peers_then.get(index).copied().unwrap_or(0);
                let near = || then != 0 && within(seen.price, then, then, config.frozen_move_e10);
                !other.peer_moved && (at == index || near())
            })
    }

    // A jump that was held is confirmed by this feed's word: whoever came first, both count.
    pub(crate) fn confirm_held(&mut self, index: usize, now: Instant, scene: Scene<'_>) {
        let Some(speaker) = self.feeds.get(index) else {
            return;
        };
        if !self.feeds.iter().any(|feed| feed.held.is_some())
            || standing(speaker, now, scene) != Standing::Fresh
        {
            return;
        }
        let Some(word) = speaker.last else { return };
        let speaker = speaker.clone();
        for other in 0..self.feeds.len() {
            let confirmed = self.feeds.get(other).and_then(|feed| {
                let held = feed.held.as_ref()?.seen;
                let tolerance = pair_tolerance(&speaker, feed, scene.config);
                let low = word.price.min(held.price);
                let alive = now.mono <= held.stale_mono;
                (alive
                    && feed.spec.group != speaker.spec.group
                    && within(word.price, held.price, low, tolerance))
                .then_some(held)
            });
            if let Some(held) = confirmed {
                self.take(other, held, now);
            }
        }
    }

    // A push feed may lag by its threshold, not more, as long as any fresh peer is that near.
    pub(crate) fn watch_push(&mut self, now: Instant, scene: Scene<'_>) {
        for index in 0..self.feeds.len() {
            let Some(feed) = self.feeds.get(index).filter(|feed| feed.is_push()) else {
                continue;
            };
            let Some(seen) = feed.last else { continue };
            let limit = feed
                .spec
                .deviation_e10
                .saturating_add(scene.config.frozen_move_e10);
            let mut peers = self
                .feeds
                .iter()
                .filter(|peer| peer.spec.group != feed.spec.group)
                .filter(|peer| standing(peer, now, scene) == Standing::Fresh)
                .filter_map(|peer| peer.last)
                .peekable();
            let beyond = peers.peek().is_some()
                && peers.all(|peer| !within(peer.price, seen.price, seen.price, limit));
            if let Some(feed) = self.feeds.get_mut(index) {
                if !beyond {
                    feed.beyond_since = NEVER;
                } else if feed.beyond_since == NEVER {
                    feed.beyond_since = now.mono;
                }
            }
        }
    }
}

// A freeze leads to one quarantine, however long it lasts.
pub(crate) fn serve_freeze(feed: &mut Feed, now: Instant, scene: Scene<'_>) {
    if !feed.freeze_served
        && now.mono >= feed.frozen_from(scene.config)
        && standing(feed, now, scene) == Standing::Frozen
    {
        feed.freeze_served = true;
        feed.quarantine(now.mono, scene.config);
    }
}
