//! Many updates and many quotes at a time: calm markets through their lanes, the others carefully.

use std::borrow::Cow;

use super::away::Away;
use super::book::PriceBook;
use super::codes::{Breaker, Quality, Reject};
use super::feed::Instant;
use super::gate::Observation;
use super::lane::{Lane, Limits, SEATS, Word};
use super::market::Market;
use super::quote::Quote;
use super::take::Took;
use crate::error::CoreError;
use crate::units::{MarketIx, SourceIx, TimeNs};

/// What a batch of quotes gives out of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// As [`Quote::price_e10`].
    pub price_e10: i64,
    /// As [`Quote::quality`].
    pub quality: Quality,
    /// As [`Quote::breaker`].
    pub breaker: Breaker,
    /// As [`Quote::as_of_ns`].
    pub as_of_ns: i64,
}

/// Rows of one market that follow each other.
struct Run {
    market: usize,
    rows: u8,
}

/// Whether the words of all seats of a market are the one at hand and what comes after it; they go
/// to `said`.
#[inline]
fn together<O>(
    lane: &Lane,
    (market, source, seen): (MarketIx, SourceIx, &Observation),
    ahead: &mut O,
    said: &mut [Word; SEATS],
) -> bool
where
    O: Iterator<Item = (MarketIx, SourceIx, Observation)>,
{
    let count = usize::from(lane.count);
    let mut slots = said.iter_mut().enumerate().take(count);
    let (true, Some((_, slot)), Some(word)) =
        (lane.sits(source.get(), 0), slots.next(), Word::of(seen))
    else {
        return false;
    };
    *slot = word;
    slots.all(|(index, slot)| {
        ahead.next().is_some_and(|(whose, source, next)| {
            let at_once =
                next.recv_wall_ns == seen.recv_wall_ns && next.recv_mono_ns == seen.recv_mono_ns;
            let word = Word::of(&next)
                .filter(|_| at_once && whose == market && lane.sits(source.get(), index));
            word.is_some_and(|word| {
                *slot = word;
                true
            })
        })
    })
}

// A market whose rows follow each other is left once.
fn leave(left: &mut Vec<usize>, market: usize) {
    if left.last() != Some(&market) {
        left.push(market);
    }
}

impl PriceBook {
    /// [`PriceBook::update`] of many observations that arrived at one instant, in their order:
    /// answers go to `answers`. What the sources of a market say together is worked out once, for
    /// what holds for no time never was.
    pub fn update_many<O>(&mut self, offered: O, mut answers: impl FnMut(Reject))
    where
        O: Iterator<Item = (MarketIx, SourceIx, Observation)> + Clone,
    {
        self.lanes.resize_with(self.markets.len(), Lane::closed);
        let limits = Limits::new(&self.config);
        // Whether our clock is to blame at an instant, by what was heard so far. Words that are
        // taken in a lane are votes for our clock, so they cannot turn a good answer.
        let mut judged: Option<(Instant, bool)> = None;
        let mut lately = (0, 0);
        let mut accepted = 0_u64;
        // Markets that are not settled yet.
        let mut left = Vec::new();
        let mut run = Run { market: 0, rows: 0 };
        let mut said = [Word::NONE; SEATS];
        let mut rest = offered;
        while let Some((market, source, seen)) = rest.next() {
            let index = usize::from(market.get());
            if index != run.market {
                if !self.settle_run(&run, &limits) {
                    leave(&mut left, run.market);
                }
                run = Run {
                    market: index,
                    rows: 0,
                };
            }
            let now = Instant {
                wall: seen.recv_wall_ns,
                mono: seen.recv_mono_ns,
            };
            let suspect = match judged {
                Some((at, suspect)) if at == now => suspect,
                _ => {
                    let suspect = self.world.clock_suspect(now, now.wall, &self.config);
                    judged = Some((now, suspect));
                    suspect
                }
            };
            let lane = self.lanes.get_mut(index).filter(|lane| lane.open);
            let mut took = Took::Unusual;
            if !suspect && let Some(lane) = lane {
                let mut away = Away {
                    markets: &mut self.markets,
                    market: index,
                    lately: &mut lately,
                };
                let rules = (&limits, &self.config);
                let mut ahead = rest.clone();
                if run.rows == 0
                    && together(lane, (market, source, &seen), &mut ahead, &mut said)
                    && lane.take_all(&said, now, rules, &mut self.world, &mut away)
                {
                    rest = ahead;
                    run.rows = lane.count;
                    accepted += u64::from(lane.count);
                    for _ in 0..lane.count {
                        answers(Reject::Accepted);
                    }
                    continue;
                }
                if let Some(word) = Word::of(&seen) {
                    took = lane.take(source.get(), word, now, rules, &mut self.world, &mut away);
                }
            }
            match took {
                Took::Accepted => {
                    accepted += 1;
                    run.rows = run.rows.saturating_add(1);
                    answers(Reject::Accepted);
                }
                Took::Jump => {
                    self.tally(Reject::Jump, 1);
                    judged = None;
                    answers(Reject::Jump);
                }
                Took::Unusual => {
                    answers(self.count(market, source, &seen, true));
                    judged = None;
                    leave(&mut left, index);
                    if let Some(lane) = self.lanes.get_mut(index) {
                        lane.careful = true;
                    }
                }
            }
        }
        if !self.settle_run(&run, &limits) {
            leave(&mut left, run.market);
        }
        self.tally(Reject::Accepted, accepted);
        for index in left {
            self.settle_rest(index, &limits);
        }
    }

    // Combine at once where most sources spoke one after the other; else more may follow.
    fn settle_run(&mut self, run: &Run, limits: &Limits) -> bool {
        if run.rows == 0 {
            return true;
        }
        let heard = self.world.heard();
        let lane = self.lanes.get_mut(run.market).filter(|lane| lane.open);
        lane.is_none_or(|lane| {
            lane.heard = heard;
            run.rows.saturating_mul(2) > lane.count && lane.settle(limits)
        })
    }

    fn settle_rest(&mut self, index: usize, limits: &Limits) {
        let Some(lane) = self.lanes.get_mut(index) else {
            return;
        };
        if lane.open && (!lane.due || lane.settle(limits)) {
            return;
        }
        let Some(Some(market)) = self.markets.get_mut(index) else {
            return;
        };
        if lane.open {
            lane.close(market);
        } else if !std::mem::take(&mut lane.careful) {
            return;
        }
        market.settle_due(&self.config, &self.world);
        lane.open(market, &self.config, &self.world);
    }

    /// The market for a change that no lane knows how to make.
    pub(crate) fn carefully(&mut self, market: MarketIx) -> Option<&mut Market> {
        let index = usize::from(market.get());
        let found = self.markets.get_mut(index)?.as_mut()?;
        if let Some(lane) = self.lanes.get_mut(index).filter(|lane| lane.open) {
            lane.close(found);
        }
        Some(found)
    }

    /// As [`PriceBook::carefully`], of all markets.
    pub(crate) fn close_lanes(&mut self) {
        for (lane, market) in self.lanes.iter_mut().zip(&mut self.markets) {
            if lane.open
                && let Some(market) = market
            {
                lane.close(market);
            }
        }
    }

    /// The market as it stands, with what its lane knows.
    pub(crate) fn as_it_stands(&self, market: MarketIx) -> Option<Cow<'_, Market>> {
        let index = usize::from(market.get());
        let found = self.markets.get(index)?.as_ref()?;
        let Some(lane) = self.open_lane(market) else {
            return Some(Cow::Borrowed(found));
        };
        let mut copy = found.clone();
        lane.give_back(&mut copy);
        Some(Cow::Owned(copy))
    }

    fn open_lane(&self, market: MarketIx) -> Option<&Lane> {
        let lane = self.lanes.get(usize::from(market.get()))?;
        lane.open.then_some(lane)
    }

    /// The quote of a market whose lane knows it.
    pub(crate) fn lane_quote(&self, market: MarketIx, now: Instant) -> Option<Quote> {
        let lane = self.open_lane(market)?;
        let suspect = || {
            let now = lane.not_before(now);
            self.world.clock_suspect(now, now.wall, &self.config)
        };
        (lane.holds(now) && !suspect()).then(|| lane.quote(market.get(), now, &self.config))
    }

    /// [`PriceBook::quote`] of many markets at one instant, in their order.
    ///
    /// # Errors
    /// `Unknown` for a market never declared, at its row.
    pub fn quote_many(
        &self,
        markets: impl Iterator<Item = MarketIx>,
        now_wall: TimeNs,
        now_mono: TimeNs,
        mut tell: impl FnMut(Told),
    ) -> Result<(), CoreError> {
        let now = Instant {
            wall: now_wall.get(),
            mono: now_mono.get(),
        };
        let trusted = !self.world.clock_suspect(now, now.wall, &self.config);
        for (row, market) in markets.enumerate() {
            if trusted
                && let Some(lane) = self.open_lane(market)
                && lane.at.mono <= now.mono
                && lane.holds(now)
            {
                let (price_e10, _, as_of_ns) = lane.said();
                tell(Told {
                    price_e10,
                    quality: Quality::Good,
                    breaker: Breaker::Closed,
                    as_of_ns,
                });
                continue;
            }
            let quote = self
                .quote(market, now_wall, now_mono)
                .map_err(|error| error.at_row(row))?;
            tell(Told {
                price_e10: quote.price_e10,
                quality: quote.quality,
                breaker: quote.breaker,
                as_of_ns: quote.as_of_ns,
            });
        }
        Ok(())
    }
}
