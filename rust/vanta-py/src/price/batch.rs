//! Columns of `update_batch`.
//!
//! A short batch takes less time than to copy it and to hand the interpreter over and back: it is
//! read where it lies, with the interpreter held, so that nobody can write to it. A long one is
//! copied, and the interpreter is released while the core computes.

use numpy::{Element, PyReadonlyArray1};
use pyo3::prelude::*;
use vanta_core::price::{Number, Observation, PriceBook};
use vanta_core::units::{MarketIx, SourceIx, TimeNs};

use super::PyPriceBook;
use crate::arrays::{in_place, same_length};
use crate::errors::{detached, invalid};

/// Most rows of a batch that is read where it lies.
pub(crate) const SHORT: usize = 8_192;

/// The arguments, one column per field, at scale 10^10.
pub(crate) struct Columns<'py> {
    market: PyReadonlyArray1<'py, u16>,
    source: PyReadonlyArray1<'py, u16>,
    price: PyReadonlyArray1<'py, i64>,
    conf: PyReadonlyArray1<'py, i64>,
    publish: PyReadonlyArray1<'py, i64>,
    seq: PyReadonlyArray1<'py, i64>,
}

/// The columns, all of one length.
#[derive(Clone, Copy)]
struct Rows<'a> {
    market: &'a [u16],
    source: &'a [u16],
    price: &'a [i64],
    conf: &'a [i64],
    publish: &'a [i64],
    seq: &'a [i64],
}

/// A copy of the columns.
struct Copied {
    market: Vec<u16>,
    source: Vec<u16>,
    price: Vec<i64>,
    conf: Vec<i64>,
    publish: Vec<i64>,
    seq: Vec<i64>,
}

/// The elements of an argument.
pub(crate) fn elements<'a, T: Element>(
    name: &'static str,
    column: &'a PyReadonlyArray1<'_, T>,
) -> PyResult<&'a [T]> {
    let rows = column.as_slice();
    rows.map_err(|_| invalid(name, "is not contiguous"))
}

impl<'py> Columns<'py> {
    pub(crate) fn read(
        market_ix: &Bound<'py, PyAny>,
        source_ix: &Bound<'py, PyAny>,
        price_e10: &Bound<'py, PyAny>,
        conf_e10: &Bound<'py, PyAny>,
        publish_ns: &Bound<'py, PyAny>,
        seq: &Bound<'py, PyAny>,
    ) -> PyResult<Self> {
        Ok(Self {
            market: in_place("market_ix", market_ix)?,
            source: in_place("source_ix", source_ix)?,
            price: in_place("price_e10", price_e10)?,
            conf: in_place("conf_e10", conf_e10)?,
            publish: in_place("publish_ns", publish_ns)?,
            seq: in_place("seq", seq)?,
        })
    }

    /// Offer row by row, in order; the answers by row.
    ///
    /// # Errors
    /// `InvalidInput` for another length than that of `market_ix`.
    pub(crate) fn offer(
        &self,
        py: Python<'_>,
        book: &PyPriceBook,
        wall: TimeNs,
        mono: TimeNs,
    ) -> PyResult<Vec<u8>> {
        let rows = self.rows()?;
        if rows.market.len() <= SHORT {
            return Ok(rows.offer(&mut book.lock(), wall, mono));
        }
        let copied = rows.copied();
        detached(py, || Ok(copied.rows().offer(&mut book.lock(), wall, mono)))
    }

    fn rows(&self) -> PyResult<Rows<'_>> {
        fn like<'a, T: Element>(
            name: &'static str,
            column: &'a PyReadonlyArray1<'_, T>,
            len: usize,
        ) -> PyResult<&'a [T]> {
            let rows = elements(name, column)?;
            same_length(name, rows.len(), len, "market_ix")?;
            Ok(rows)
        }
        let market = elements("market_ix", &self.market)?;
        let n = market.len();
        Ok(Rows {
            market,
            source: like("source_ix", &self.source, n)?,
            price: like("price_e10", &self.price, n)?,
            conf: like("conf_e10", &self.conf, n)?,
            publish: like("publish_ns", &self.publish, n)?,
            seq: like("seq", &self.seq, n)?,
        })
    }
}

impl Copied {
    fn rows(&self) -> Rows<'_> {
        Rows {
            market: &self.market,
            source: &self.source,
            price: &self.price,
            conf: &self.conf,
            publish: &self.publish,
            seq: &self.seq,
        }
    }
}

impl Rows<'_> {
    fn copied(&self) -> Copied {
        Copied {
            market: self.market.to_vec(),
            source: self.source.to_vec(),
            price: self.price.to_vec(),
            conf: self.conf.to_vec(),
            publish: self.publish.to_vec(),
            seq: self.seq.to_vec(),
        }
    }

    fn offer(&self, book: &mut PriceBook, wall: TimeNs, mono: TimeNs) -> Vec<u8> {
        let feeds = self.market.iter().zip(self.source);
        let prices = self.price.iter().zip(self.conf);
        let keys = self.publish.iter().zip(self.seq);
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
