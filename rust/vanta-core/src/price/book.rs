//! The book: all markets, the world around them, and counters.

use super::codes::{PRICE_REJECTS, Reject};
use super::config::{AggregateConfig, range};
use super::feed::{Feed, FeedKind, FeedSpec, Instant};
use super::gate::Observation;
use super::market::{Market, MarketSpec};
use super::number::MAX_EXPO;
use super::quote::{Alarms, FeedAge, Quote};
use super::world::World;
use crate::error::CoreError;
use crate::units::{E10, MarketIx, SourceIx, TimeNs};

/// Latest observation per (market, source), gates, and the combination into quotes.
#[derive(Debug, Clone)]
pub struct PriceBook {
    config: AggregateConfig,
    markets: Vec<Option<Market>>,
    world: World,
    counters: [u64; PRICE_REJECTS.len()],
}

fn at(wall: TimeNs, mono: TimeNs) -> Instant {
    Instant {
        wall: wall.get(),
        mono: mono.get(),
    }
}

fn unknown(name: &'static str, index: u16) -> CoreError {
    CoreError::Unknown {
        name,
        value: index.into(),
    }
}

fn declared(markets: &mut [Option<Market>], market: MarketIx) -> Result<&mut Market, CoreError> {
    markets
        .get_mut(usize::from(market.get()))
        .and_then(Option::as_mut)
        .ok_or(unknown("market_ix", market.get()))
}

impl PriceBook {
    /// An empty book. Our clock counts as unknown until [`PriceBook::set_clock_offset`].
    ///
    /// # Errors
    /// `OutOfRange` naming a constant outside of its range.
    pub fn new(config: AggregateConfig) -> Result<Self, CoreError> {
        config.validate()?;
        Ok(Self {
            config,
            markets: Vec::new(),
            world: World::new(),
            counters: [0; PRICE_REJECTS.len()],
        })
    }

    /// Declare a market.
    ///
    /// # Errors
    /// `OutOfRange` for bounds that are not `0 < min <= max`, `Invalid` when declared already.
    pub fn add_market(&mut self, market: MarketIx, spec: MarketSpec) -> Result<(), CoreError> {
        range("min_price_e10", spec.min_price_e10, 1, i64::MAX)?;
        range(
            "max_price_e10",
            spec.max_price_e10,
            spec.min_price_e10,
            i64::MAX,
        )?;
        range("max_conf_e10", spec.max_conf_e10, 0, E10)?;
        let index = usize::from(market.get());
        if self.markets.len() <= index {
            self.markets.resize(index + 1, None);
        }
        match self.markets.get_mut(index) {
            Some(slot @ None) => {
                *slot = Some(Market::new(spec, &self.config));
                Ok(())
            }
            _ => Err(CoreError::invalid(
                "market_ix",
                format!("{} is declared already", market.get()),
            )),
        }
    }

    /// Declare a feed of a declared market.
    ///
    /// # Errors
    /// `Unknown` for the market, `Invalid` for a second declaration, a second primary group or a
    /// 17th feed, `OutOfRange` for a number outside of its range.
    pub fn add_feed(
        &mut self,
        market: MarketIx,
        source: SourceIx,
        spec: FeedSpec,
    ) -> Result<(), CoreError> {
        range("expo", spec.expo.into(), -18, 6)?;
        range("interval_ns", spec.interval_ns, 1, i64::MAX)?;
        range("max_age_ns", spec.max_age_ns, 0, i64::MAX)?;
        range("deviation_e10", spec.deviation_e10, 0, E10)?;
        let least = i64::from(spec.kind == FeedKind::Push);
        range("heartbeat_ns", spec.heartbeat_ns, least, i64::MAX)?;
        let feed = Feed::new(source.get(), spec, &self.config);
        declared(&mut self.markets, market)?.add_feed(feed.clone())?;
        self.world.declare(&feed);
        Ok(())
    }

    fn slot(&self, market: MarketIx) -> Option<&Market> {
        self.markets
            .get(usize::from(market.get()))
            .and_then(Option::as_ref)
    }

    fn market(&self, market: MarketIx) -> Result<&Market, CoreError> {
        self.slot(market).ok_or(unknown("market_ix", market.get()))
    }

    /// Offer one observation; every answer is counted.
    pub fn update(
        &mut self,
        market: MarketIx,
        source: SourceIx,
        observation: &Observation,
    ) -> Reject {
        self.count(market, source, observation, false)
    }

    fn count(
        &mut self,
        market: MarketIx,
        source: SourceIx,
        observation: &Observation,
        more: bool,
    ) -> Reject {
        let reject = self.offer(market, source, observation, more);
        if let Some(counter) = self.counters.get_mut(usize::from(reject.index())) {
            *counter = counter.saturating_add(1);
        }
        reject
    }

    /// [`PriceBook::update`] of many observations that arrived at one instant, in their order:
    /// answers go to `answers`. What the sources of a market say together is worked out once, for
    /// what holds for no time never was.
    pub fn update_many<O>(&mut self, offered: O, mut answers: impl FnMut(Reject))
    where
        O: Iterator<Item = (MarketIx, SourceIx, Observation)> + Clone,
    {
        for (market, source, observation) in offered.clone() {
            answers(self.count(market, source, &observation, true));
        }
        for (market, ..) in offered {
            let slot = self.markets.get_mut(usize::from(market.get()));
            if let Some(found) = slot.and_then(Option::as_mut) {
                found.settle_due(&self.config, &self.world);
            }
        }
    }

    /// Offer one observation and quote its market at the instant of its arrival.
    ///
    /// # Errors
    /// `Unknown` for a market never declared; then nothing was counted.
    pub fn tick(
        &mut self,
        market: MarketIx,
        source: SourceIx,
        observation: &Observation,
    ) -> Result<(Reject, Quote), CoreError> {
        self.market(market)?;
        let reject = self.update(market, source, observation);
        let now = Instant {
            wall: observation.recv_wall_ns,
            mono: observation.recv_mono_ns,
        };
        let quote = self
            .market(market)?
            .quote(market.get(), now, &self.config, &self.world);
        Ok((reject, quote))
    }

    /// Bytes the book holds, with the slack of its tables; not counted is what the allocator adds.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let feeds = self.markets.iter().flatten().map(Market::heap_bytes);
        size_of::<Self>()
            + self.markets.capacity() * size_of::<Option<Market>>()
            + feeds.sum::<usize>()
            + self.world.heap_bytes()
    }

    /// Count a message that names no feed at all.
    pub fn refuse_unaddressed(&mut self) -> Reject {
        let [_, malformed, ..] = &mut self.counters;
        *malformed = malformed.saturating_add(1);
        Reject::Malformed
    }

    fn offer(
        &mut self,
        market: MarketIx,
        source: SourceIx,
        observation: &Observation,
        more: bool,
    ) -> Reject {
        let slot = self.markets.get_mut(usize::from(market.get()));
        let Some(found) = slot.and_then(Option::as_mut) else {
            return Reject::Malformed;
        };
        match found.feed_index(source.get()) {
            Some(index) => found.update(index, observation, &self.config, &mut self.world, more),
            None => Reject::Malformed,
        }
    }

    /// Time of the newest sealed block at which `source` was read: its currency clock.
    ///
    /// # Errors
    /// `Unknown` when no market has a push feed of this source.
    pub fn set_head(
        &mut self,
        source: SourceIx,
        head: TimeNs,
        now_wall: TimeNs,
        now_mono: TimeNs,
    ) -> Result<(), CoreError> {
        let (source, head) = (source.get(), head.get());
        let reads = |market: &Market| market.push_index(source).is_some();
        if !self.markets.iter().flatten().any(reads) {
            return Err(unknown("source_ix", source));
        }
        let now = at(now_wall, now_mono);
        self.catch_up(now);
        for market in self.markets.iter_mut().flatten() {
            let index = market.push_index(source);
            if let Some(feed) = index.and_then(|index| market.feeds.get_mut(index)) {
                feed.head = head;
            }
        }
        self.world.set_head(source, head);
        self.restage(now);
        Ok(())
    }

    /// State of the chain's sequencer; `since` 0 with `up` means it was never seen down.
    pub fn set_sequencer(&mut self, up: bool, since: TimeNs, now_wall: TimeNs, now_mono: TimeNs) {
        let now = at(now_wall, now_mono);
        self.catch_up(now);
        self.world.set_sequencer(up, since.get());
        self.restage(now);
    }

    /// Measured error of our wall clock; `None` = unknown, which makes every quote suspect.
    pub fn set_clock_offset(&mut self, offset_ns: Option<i64>, now_wall: TimeNs, now_mono: TimeNs) {
        let now = at(now_wall, now_mono);
        self.catch_up(now);
        self.world.set_clock_offset(offset_ns);
        self.restage(now);
    }

    /// Forget a source's last word (reorg, feed shut down).
    ///
    /// # Errors
    /// `Unknown` for a market or source never declared.
    pub fn withdraw(
        &mut self,
        market: MarketIx,
        source: SourceIx,
        now_wall: TimeNs,
        now_mono: TimeNs,
    ) -> Result<(), CoreError> {
        self.change_feed(market, source, at(now_wall, now_mono), Feed::withdraw)
    }

    /// Take the operator's word for a feed's exponent and lift its quarantine.
    ///
    /// # Errors
    /// `Unknown` for a market or source never declared, `OutOfRange` for the exponent.
    pub fn repin(
        &mut self,
        market: MarketIx,
        source: SourceIx,
        expo: i32,
        now_wall: TimeNs,
        now_mono: TimeNs,
    ) -> Result<(), CoreError> {
        range("expo", expo.into(), (-MAX_EXPO).into(), MAX_EXPO.into())?;
        self.change_feed(market, source, at(now_wall, now_mono), |feed| {
            feed.spec.expo = expo;
            feed.trial = None;
        })
    }

    fn change_feed(
        &mut self,
        market: MarketIx,
        source: SourceIx,
        now: Instant,
        change: impl FnOnce(&mut Feed),
    ) -> Result<(), CoreError> {
        let found = declared(&mut self.markets, market)?;
        let index = found
            .feed_index(source.get())
            .ok_or(unknown("source_ix", source.get()))?;
        found.catch_up(now, &self.config, &self.world);
        if let Some(feed) = found.feeds.get_mut(index) {
            change(feed);
        }
        found.restage(now, &self.config, &self.world);
        Ok(())
    }

    // What held until `now` is settled before something true for many markets changes.
    fn catch_up(&mut self, now: Instant) {
        for market in self.markets.iter_mut().flatten() {
            market.catch_up(now, &self.config, &self.world);
        }
    }

    fn restage(&mut self, now: Instant) {
        for market in self.markets.iter_mut().flatten() {
            market.restage(now, &self.config, &self.world);
        }
    }

    /// One market's quote at an instant; changes nothing, however often it is asked.
    ///
    /// # Errors
    /// `Unknown` for a market never declared.
    pub fn quote(
        &self,
        market: MarketIx,
        now_wall: TimeNs,
        now_mono: TimeNs,
    ) -> Result<Quote, CoreError> {
        Ok(self.market(market)?.quote(
            market.get(),
            at(now_wall, now_mono),
            &self.config,
            &self.world,
        ))
    }

    /// [`PriceBook::quote`] without its short way.
    #[cfg(test)]
    pub(crate) fn careful_quote(
        &self,
        market: MarketIx,
        now_wall: TimeNs,
        now_mono: TimeNs,
    ) -> Result<Quote, CoreError> {
        let now = at(now_wall, now_mono);
        let found = self.market(market)?;
        Ok(found.careful_quote(market.get(), now, &self.config, &self.world))
    }

    /// Alarms of one market at an instant.
    ///
    /// # Errors
    /// As [`PriceBook::quote`].
    pub fn alarms(
        &self,
        market: MarketIx,
        now_wall: TimeNs,
        now_mono: TimeNs,
    ) -> Result<Alarms, CoreError> {
        Ok(self
            .market(market)?
            .alarms(at(now_wall, now_mono), &self.config, &self.world))
    }

    /// Age and state of each feed of a market.
    ///
    /// # Errors
    /// `Unknown` for a market never declared.
    pub fn ages(
        &self,
        market: MarketIx,
        now_wall: TimeNs,
        now_mono: TimeNs,
    ) -> Result<Vec<FeedAge>, CoreError> {
        let now = at(now_wall, now_mono);
        Ok(self.market(market)?.ages(now, &self.config, &self.world))
    }

    /// Observations seen so far, by answer.
    #[must_use]
    pub fn counters(&self) -> [(&'static str, u64); PRICE_REJECTS.len()] {
        let mut named = [("", 0); PRICE_REJECTS.len()];
        for ((slot, name), count) in named.iter_mut().zip(PRICE_REJECTS).zip(self.counters) {
            *slot = (name, count);
        }
        named
    }
}
