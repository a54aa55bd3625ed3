//! Questions to a market: they move a copy of its memory, never the memory itself.

use super::codes::{Breaker, Standing};
use super::config::AggregateConfig;
use super::feed::{Feed, Instant};
use super::machine::Machine;
use super::market::Market;
use super::quote::{Alarms, FeedAge, Quote};
use super::settle::{Settled, Staged};
use super::survey::standing;
use super::world::World;

impl Market {
    fn settled_at(
        &self,
        now: Instant,
        config: &AggregateConfig,
        world: &World,
    ) -> (Machine, Instant, Settled) {
        let now = self.not_before(now);
        let scene = self.scene(config, world, now.wall);
        let mut machine = self.machine;
        let ground = self.ground(scene);
        let mut accepted = (0, 0);
        let mut walked = self.is_quiet(now);
        if let Some(staged) = &self.staged {
            if staged.at.mono < now.mono {
                if staged.shuts_out {
                    // Rare: a strike changes the feed itself, so it is given to a copy of all.
                    let mut copy = self.clone();
                    copy.advance(now, scene);
                    return copy.settled_at(now, config, world);
                }
                ground.remember(&mut machine, staged);
            } else {
                accepted = (staged.accepted, staged.by_primary);
                walked = true;
            }
            if self.still_holds(staged, &machine, now)
                && !world.clock_suspect(now, now.wall, config)
            {
                let again = Staged {
                    at: now,
                    accepted: accepted.0,
                    by_primary: accepted.1,
                    ..*staged
                };
                let as_of = ground.remember(&mut machine, &again);
                let done = Settled {
                    made: again.made,
                    standings: again.standings,
                    as_of,
                };
                return (machine, now, done);
            }
        }
        if !walked {
            ground.walk(&mut machine, now);
        }
        let done = ground.settle(&mut machine, now, accepted);
        (machine, now, done)
    }

    // Whether a new look would find what was staged: the usual case, and much quicker to say.
    fn still_holds(&self, staged: &Staged, machine: &Machine, now: Instant) -> bool {
        self.is_quiet(now)
            && now.wall >= staged.asked_wall
            && staged.made.quality.is_agreed()
            && !staged.shuts_out
            && !staged.alone
            && (staged.at.mono == now.mono || !machine.is_away())
    }

    /// The market's quote at `now`.
    pub(crate) fn quote(
        &self,
        market: u16,
        now: Instant,
        config: &AggregateConfig,
        world: &World,
    ) -> Quote {
        if let Some(staged) = &self.staged
            && self.is_calm(staged, now, config, world)
        {
            let done = Settled {
                made: staged.made,
                standings: staged.standings,
                as_of: self.machine.published(&staged.made),
            };
            return self.quoted(market, now, Breaker::Closed, &done, config);
        }
        self.careful_quote(market, now, config, world)
    }

    /// The quote of any market, however it stands.
    pub(crate) fn careful_quote(
        &self,
        market: u16,
        now: Instant,
        config: &AggregateConfig,
        world: &World,
    ) -> Quote {
        let (machine, now, mut done) = self.settled_at(now, config, world);
        let made = done.made;
        let standings = &mut done.standings;
        if made.outliers != 0 {
            for (index, slot) in (0_u32..).zip(standings.iter_mut()) {
                if made.outliers.checked_shr(index).unwrap_or(0) & 1 == 1 {
                    *slot = Standing::Outlier;
                }
            }
        }
        let mut quote = self.quoted(market, now, machine.breaker(), &done, config);
        if !made.quality.has_price() {
            quote.age_ns = 0;
            if let Some(known) = machine.display(now.mono, config) {
                quote.price_e10 = known.price;
                quote.conf_e10 = known.conf;
                quote.as_of_ns = known.as_of;
                let waited = now.mono.saturating_sub(known.mono);
                quote.age_ns = waited
                    .saturating_add(known.age)
                    .max(now.wall.saturating_sub(known.as_of));
            }
        }
        quote
    }

    /// Whether what was staged at `now` still holds and nothing is wrong: two sources agree, nobody
    /// lies outside, the breaker rests. Then remembering it changes neither the breaker nor
    /// anything else a quote tells.
    fn is_calm(
        &self,
        staged: &Staged,
        now: Instant,
        config: &AggregateConfig,
        world: &World,
    ) -> bool {
        staged.at.mono == now.mono
            && staged.made.outliers == 0
            && self.machine.rests()
            && self.still_holds(staged, &self.machine, now)
            // Two that agree were found under a clock that is to be trusted, and nothing was heard
            // of the world since.
            && ((staged.heard == world.heard() && staged.asked_wall == now.wall)
                || !world.clock_suspect(now, now.wall, config))
    }

    fn quoted(
        &self,
        market: u16,
        now: Instant,
        breaker: Breaker,
        done: &Settled,
        config: &AggregateConfig,
    ) -> Quote {
        let made = &done.made;
        Quote {
            market,
            price_e10: made.price,
            conf_e10: made.conf,
            quality: made.quality,
            breaker,
            as_of_ns: done.as_of,
            valid_until_ns: made.valid_until,
            age_ns: now.wall.saturating_sub(done.as_of).max(0),
            spread_e10: made.spread,
            config_version: config.version,
            used: made.used,
            sources: self.sources,
            standings: done.standings,
            feeds: u8::try_from(self.feeds.len()).unwrap_or(0),
        }
    }

    /// Alarms that are due at `now`.
    pub(crate) fn alarms(&self, now: Instant, config: &AggregateConfig, world: &World) -> Alarms {
        let (machine, now, _) = self.settled_at(now, config, world);
        Alarms {
            conflict: machine.conflict_alarm(now.mono, config),
            divergence: machine.divergence_alarm(now.mono, config),
            divergence_e10: machine.divergence_e10(),
        }
    }

    /// Age and state of each feed at `now`.
    pub(crate) fn ages(
        &self,
        now: Instant,
        config: &AggregateConfig,
        world: &World,
    ) -> Vec<FeedAge> {
        let scene = self.scene(config, world, now.wall);
        let aged = |feed: &Feed| {
            let mut state = standing(feed, now, scene);
            if matches!(state, Standing::Fresh | Standing::Stale) && feed.silent(now.mono) {
                state = Standing::Silent;
            }
            FeedAge {
                source: feed.source,
                age_ns: feed
                    .last
                    .map(|seen| now.wall.saturating_sub(seen.publish).max(0)),
                standing: state,
            }
        };
        self.feeds.iter().map(aged).collect()
    }
}
