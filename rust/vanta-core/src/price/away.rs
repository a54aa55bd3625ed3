//! The memory of a market outside of its lane, which the lane seldom needs.

use super::feed::{Feed, NEVER};
use super::lane::Lane;
use super::market::Market;
use crate::units::SECOND_NS;

/// The market's memory outside of the lane, touched seldom.
pub(crate) struct Away<'a> {
    pub markets: &'a mut [Option<Market>],
    pub market: usize,
    /// A monotonic instant and its second, as it was asked for last.
    pub lately: &'a mut (i64, i64),
}

impl Away<'_> {
    fn feeds(&mut self) -> Option<&mut Vec<Feed>> {
        let market = self.markets.get_mut(self.market)?.as_mut()?;
        Some(&mut market.feeds)
    }

    pub(crate) fn second(&mut self, mono: i64) -> i64 {
        if self.lately.0 != mono {
            *self.lately = (mono, mono.div_euclid(SECOND_NS));
        }
        self.lately.1
    }

    #[cold]
    pub(crate) fn keep_moves(&mut self, lane: &Lane) {
        if lane.second != NEVER
            && let Some(Some(market)) = self.markets.get_mut(self.market)
        {
            market.moves.merge(lane.second, lane.low, lane.high);
        }
    }

    /// Where the feed at `whose` saw the one at `index`, kept outside of the lane.
    #[cold]
    pub(crate) fn reference(&mut self, whose: usize, index: usize) -> Option<&mut i64> {
        let feed = self.feeds()?.get_mut(whose)?;
        feed.peers_then.get_mut(index)
    }
}
