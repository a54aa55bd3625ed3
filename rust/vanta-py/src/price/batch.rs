//! Columns of `update_batch`.

use pyo3::prelude::*;
use vanta_core::price::{Number, Observation, PriceBook};
use vanta_core::units::{MarketIx, SourceIx, TimeNs};

use crate::arrays::{array, array_like};

/// Observations at scale 10^10, one column per field.
pub(crate) struct Columns {
    market: Vec<u16>,
    source: Vec<u16>,
    price: Vec<i64>,
    conf: Vec<i64>,
    publish: Vec<i64>,
    seq: Vec<i64>,
}

impl Columns {
    pub(crate) fn read(
        market_ix: &Bound<'_, PyAny>,
        source_ix: &Bound<'_, PyAny>,
        price_e10: &Bound<'_, PyAny>,
        conf_e10: &Bound<'_, PyAny>,
        publish_ns: &Bound<'_, PyAny>,
        seq: &Bound<'_, PyAny>,
    ) -> PyResult<Self> {
        let market: Vec<u16> = array("market_ix", market_ix)?;
        let (n, like) = (market.len(), "market_ix");
        Ok(Self {
            market,
            source: array_like("source_ix", source_ix, n, like)?,
            price: array_like("price_e10", price_e10, n, like)?,
            conf: array_like("conf_e10", conf_e10, n, like)?,
            publish: array_like("publish_ns", publish_ns, n, like)?,
            seq: array_like("seq", seq, n, like)?,
        })
    }

    /// Offer row by row, in order; the answers by row.
    pub(crate) fn offer(&self, book: &mut PriceBook, wall: TimeNs, mono: TimeNs) -> Vec<u8> {
        let feeds = self.market.iter().zip(&self.source);
        let prices = self.price.iter().zip(&self.conf);
        let keys = self.publish.iter().zip(&self.seq);
        let offered = feeds.zip(prices).zip(keys).map(
            |(((market, source), (price, conf)), (publish, seq))| {
                // Every 16-bit number is an index.
                let market = MarketIx::new(*market).unwrap_or_default();
                let source = SourceIx::new(*source).unwrap_or_default();
                let observation = scaled(*price, *conf, *publish, *seq, wall, mono);
                (market, source, observation)
            },
        );
        let mut answers = Vec::with_capacity(self.market.len());
        book.update_many(offered, |reject| answers.push(reject.index()));
        answers
    }
}

/// An observation at scale 10^10; conf 0 = none, seq -1 = none.
pub(crate) fn scaled(
    price: i64,
    conf: i64,
    publish: i64,
    seq: i64,
    wall: TimeNs,
    mono: TimeNs,
) -> Observation {
    Observation {
        value: Number::Int(price.into()),
        expo: -10,
        conf: (conf != 0).then(|| Number::Int(conf.into())),
        publish_ns: publish,
        seq: (seq != -1).then(|| seq.into()),
        session_open: None,
        recv_wall_ns: wall.get(),
        recv_mono_ns: mono.get(),
    }
}
