//! Bindings of `vanta_core::price`.

mod batch;
mod config;
mod quote;
mod values;

use std::sync::{Mutex, MutexGuard, PoisonError};

use numpy::PyArray1;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use vanta_core::price::{
    BREAKERS, FeedKind, FeedSpec, MarketSpec, Observation, PRICE_REJECTS, PriceBook, QUALITIES,
};
use vanta_core::units::{MarketIx, SourceIx, TimeNs};

use crate::arrays::{OptionalArg, array, int, int_or};
use crate::errors::{detached, invalid, to_py};
use crate::words::Word;
use batch::{Columns, scaled};
use config::PyAggregateConfig;
use quote::{PyQuote, PyQuotes};
use values::{index, number, saturated, sequence};

/// Latest observation per (market, source), gates, and the combination into quotes.
#[pyclass(frozen, module = "vanta._core", name = "PriceBook")]
struct PyPriceBook {
    // Held only while the core computes; no code under it waits for the interpreter.
    book: Mutex<PriceBook>,
}

impl PyPriceBook {
    // A panic inside the core leaves counters and feeds readable.
    fn lock(&self) -> MutexGuard<'_, PriceBook> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Any<'a, 'py> = &'a Bound<'py, PyAny>;

fn feed(market_ix: Any<'_, '_>, source_ix: Any<'_, '_>) -> PyResult<(MarketIx, SourceIx)> {
    Ok((int("market_ix", market_ix)?, int("source_ix", source_ix)?))
}

fn instant(now_wall_ns: Any<'_, '_>, now_mono_ns: Any<'_, '_>) -> PyResult<(TimeNs, TimeNs)> {
    Ok((
        int("now_wall_ns", now_wall_ns)?,
        int("now_mono_ns", now_mono_ns)?,
    ))
}

#[pymethods]
impl PyPriceBook {
    #[new]
    fn new(config: &PyAggregateConfig) -> PyResult<Self> {
        let book = PriceBook::new(config.inner().clone()).map_err(to_py)?;
        Ok(Self {
            book: Mutex::new(book),
        })
    }

    /// Declare a market and its absolute price bounds.
    #[pyo3(signature = (market_ix, *, min_price_e10, max_price_e10, has_hours=false, max_conf_e10=OptionalArg::ABSENT),
        text_signature = "($self, market_ix, *, min_price_e10, max_price_e10, has_hours=False, max_conf_e10=0)")]
    fn add_market(
        &self,
        market_ix: Any<'_, '_>,
        min_price_e10: Any<'_, '_>,
        max_price_e10: Any<'_, '_>,
        has_hours: bool,
        max_conf_e10: OptionalArg<'_>,
    ) -> PyResult<()> {
        let market: MarketIx = int("market_ix", market_ix)?;
        let spec = MarketSpec {
            min_price_e10: int("min_price_e10", min_price_e10)?,
            max_price_e10: int("max_price_e10", max_price_e10)?,
            has_hours,
            max_conf_e10: int_or("max_conf_e10", max_conf_e10, 0)?,
        };
        self.lock().add_market(market, spec).map_err(to_py)
    }

    /// Declare a feed. `kind` is "stream" or "push"; sources of one `group` count as one.
    #[pyo3(signature = (
        market_ix, source_ix, *, kind, group, primary=false, expo=OptionalArg::ABSENT,
        interval_ns=OptionalArg::ABSENT, max_age_ns=OptionalArg::ABSENT,
        heartbeat_ns=OptionalArg::ABSENT, deviation_e10=OptionalArg::ABSENT, conf_required=false,
    ), text_signature = "($self, market_ix, source_ix, *, kind, group, primary=False, expo=-10, interval_ns=1000000000, max_age_ns=0, heartbeat_ns=0, deviation_e10=0, conf_required=False)")]
    #[expect(clippy::too_many_arguments, reason = "one quantity each, by keyword")]
    fn add_feed(
        &self,
        market_ix: Any<'_, '_>,
        source_ix: Any<'_, '_>,
        kind: Word<'_>,
        group: Any<'_, '_>,
        primary: bool,
        expo: OptionalArg<'_>,
        interval_ns: OptionalArg<'_>,
        max_age_ns: OptionalArg<'_>,
        heartbeat_ns: OptionalArg<'_>,
        deviation_e10: OptionalArg<'_>,
        conf_required: bool,
    ) -> PyResult<()> {
        let (market, source) = feed(market_ix, source_ix)?;
        let kind = match kind.0 {
            "stream" => FeedKind::Stream,
            "push" => FeedKind::Push,
            _ => return Err(invalid("kind", "must be \"stream\" or \"push\"")),
        };
        let spec = FeedSpec {
            kind,
            group: int("group", group)?,
            primary,
            expo: int_or("expo", expo, -10)?,
            interval_ns: int_or("interval_ns", interval_ns, 1_000_000_000)?,
            max_age_ns: int_or("max_age_ns", max_age_ns, 0)?,
            heartbeat_ns: int_or("heartbeat_ns", heartbeat_ns, 0)?,
            deviation_e10: int_or("deviation_e10", deviation_e10, 0)?,
            conf_required,
        };
        self.lock().add_feed(market, source, spec).map_err(to_py)
    }

    /// Offer one observation; returns an index into `PRICE_REJECTS` (0 = accepted).
    #[pyo3(signature = (
        market_ix, source_ix, *, value, expo=OptionalArg::ABSENT, conf=None, publish_ns, seq=None,
        session_open=None, recv_wall_ns, recv_mono_ns,
    ), text_signature = "($self, market_ix, source_ix, *, value, expo=-10, conf=None, publish_ns, seq=None, session_open=None, recv_wall_ns, recv_mono_ns)")]
    #[expect(clippy::too_many_arguments, reason = "one quantity each, by keyword")]
    fn update(
        &self,
        market_ix: Any<'_, '_>,
        source_ix: Any<'_, '_>,
        value: Any<'_, '_>,
        expo: OptionalArg<'_>,
        conf: Option<Any<'_, '_>>,
        publish_ns: Any<'_, '_>,
        seq: Option<Any<'_, '_>>,
        session_open: Option<bool>,
        recv_wall_ns: Any<'_, '_>,
        recv_mono_ns: Any<'_, '_>,
    ) -> PyResult<u8> {
        let wall: TimeNs = int("recv_wall_ns", recv_wall_ns)?;
        let mono: TimeNs = int("recv_mono_ns", recv_mono_ns)?;
        let expo = expo
            .given()
            .map_or(Ok(-10), |expo| saturated("expo", &expo))?;
        let observation = Observation {
            value: number(value),
            expo: i32::try_from(expo).unwrap_or(i32::MAX),
            conf: conf.map(number),
            publish_ns: saturated("publish_ns", publish_ns)?,
            seq: seq.map(|seq| sequence("seq", seq)).transpose()?,
            session_open,
            recv_wall_ns: wall.get(),
            recv_mono_ns: mono.get(),
        };
        let market = index("market_ix", market_ix)?;
        let source = index("source_ix", source_ix)?;
        let mut book = self.lock();
        let reject = match (market.map(MarketIx::new), source.map(SourceIx::new)) {
            (Some(Ok(market)), Some(Ok(source))) => book.update(market, source, &observation),
            _ => book.refuse_unaddressed(),
        };
        Ok(reject.index())
    }

    /// Offer n observations already at scale 10**10; conf 0 = none, seq -1 = none.
    #[pyo3(signature = (
        market_ix, source_ix, *, price_e10, conf_e10, publish_ns, seq, recv_wall_ns, recv_mono_ns,
    ))]
    #[expect(clippy::too_many_arguments, reason = "one array per field, by keyword")]
    fn update_batch(
        &self,
        py: Python<'_>,
        market_ix: Any<'_, '_>,
        source_ix: Any<'_, '_>,
        price_e10: Any<'_, '_>,
        conf_e10: Any<'_, '_>,
        publish_ns: Any<'_, '_>,
        seq: Any<'_, '_>,
        recv_wall_ns: Any<'_, '_>,
        recv_mono_ns: Any<'_, '_>,
    ) -> PyResult<Py<PyArray1<u8>>> {
        let wall: TimeNs = int("recv_wall_ns", recv_wall_ns)?;
        let mono: TimeNs = int("recv_mono_ns", recv_mono_ns)?;
        let columns = Columns::read(market_ix, source_ix, price_e10, conf_e10, publish_ns, seq)?;
        let out = detached(py, || Ok(columns.offer(&mut self.lock(), wall, mono)))?;
        Ok(PyArray1::from_vec(py, out).unbind())
    }

    /// Offer one observation at scale 10**10 and quote its market at the instant of its arrival.
    #[pyo3(signature = (
        market_ix, source_ix, price_e10, publish_ns, recv_wall_ns, recv_mono_ns,
        conf_e10=OptionalArg::ABSENT, seq=OptionalArg::ABSENT,
    ), text_signature = "($self, market_ix, source_ix, price_e10, publish_ns, recv_wall_ns, recv_mono_ns, conf_e10=0, seq=-1)")]
    #[expect(clippy::too_many_arguments, reason = "one quantity each")]
    fn tick(
        &self,
        market_ix: Any<'_, '_>,
        source_ix: Any<'_, '_>,
        price_e10: Any<'_, '_>,
        publish_ns: Any<'_, '_>,
        recv_wall_ns: Any<'_, '_>,
        recv_mono_ns: Any<'_, '_>,
        conf_e10: OptionalArg<'_>,
        seq: OptionalArg<'_>,
    ) -> PyResult<(u8, i64, u8, u8)> {
        let (market, source) = feed(market_ix, source_ix)?;
        let observation = scaled(
            int("price_e10", price_e10)?,
            int_or("conf_e10", conf_e10, 0)?,
            int("publish_ns", publish_ns)?,
            int_or("seq", seq, -1)?,
            int("recv_wall_ns", recv_wall_ns)?,
            int("recv_mono_ns", recv_mono_ns)?,
        );
        let (reject, quote) = self
            .lock()
            .tick(market, source, &observation)
            .map_err(to_py)?;
        let (quality, breaker) = (quote.quality.index(), quote.breaker.index());
        Ok((reject.index(), quote.price_e10, quality, breaker))
    }

    /// Bytes the book holds, its tables' slack included.
    fn memory_bytes(&self) -> usize {
        self.lock().memory_bytes()
    }

    /// Time of the newest sealed block the push source was read at (its currency clock).
    #[pyo3(signature = (source_ix, *, head_ns, now_wall_ns, now_mono_ns))]
    fn set_head(
        &self,
        source_ix: Any<'_, '_>,
        head_ns: Any<'_, '_>,
        now_wall_ns: Any<'_, '_>,
        now_mono_ns: Any<'_, '_>,
    ) -> PyResult<()> {
        let source: SourceIx = int("source_ix", source_ix)?;
        let head: TimeNs = int("head_ns", head_ns)?;
        let (wall, mono) = instant(now_wall_ns, now_mono_ns)?;
        let set = self.lock().set_head(source, head, wall, mono);
        set.map_err(to_py)
    }

    /// State of the chain's sequencer and the wall time of its last change.
    #[pyo3(signature = (*, up, since_ns, now_wall_ns, now_mono_ns))]
    fn set_sequencer(
        &self,
        up: bool,
        since_ns: Any<'_, '_>,
        now_wall_ns: Any<'_, '_>,
        now_mono_ns: Any<'_, '_>,
    ) -> PyResult<()> {
        let since: TimeNs = int("since_ns", since_ns)?;
        let (wall, mono) = instant(now_wall_ns, now_mono_ns)?;
        self.lock().set_sequencer(up, since, wall, mono);
        Ok(())
    }

    /// Measured wall clock error; None = unknown: no quote is usable.
    #[pyo3(signature = (offset_ns, *, now_wall_ns, now_mono_ns))]
    fn set_clock_offset(
        &self,
        offset_ns: Option<Any<'_, '_>>,
        now_wall_ns: Any<'_, '_>,
        now_mono_ns: Any<'_, '_>,
    ) -> PyResult<()> {
        let offset = offset_ns
            .map(|offset| int::<i64>("offset_ns", offset))
            .transpose()?;
        let (wall, mono) = instant(now_wall_ns, now_mono_ns)?;
        self.lock().set_clock_offset(offset, wall, mono);
        Ok(())
    }

    /// Forget a source's observation (reorg, feed shut down).
    #[pyo3(signature = (market_ix, source_ix, *, now_wall_ns, now_mono_ns))]
    fn withdraw(
        &self,
        market_ix: Any<'_, '_>,
        source_ix: Any<'_, '_>,
        now_wall_ns: Any<'_, '_>,
        now_mono_ns: Any<'_, '_>,
    ) -> PyResult<()> {
        let (market, source) = feed(market_ix, source_ix)?;
        let (wall, mono) = instant(now_wall_ns, now_mono_ns)?;
        let withdrawn = self.lock().withdraw(market, source, wall, mono);
        withdrawn.map_err(to_py)
    }

    /// Operator's word that a feed's exponent changed.
    #[pyo3(signature = (market_ix, source_ix, *, expo, now_wall_ns, now_mono_ns))]
    fn repin(
        &self,
        market_ix: Any<'_, '_>,
        source_ix: Any<'_, '_>,
        expo: Any<'_, '_>,
        now_wall_ns: Any<'_, '_>,
        now_mono_ns: Any<'_, '_>,
    ) -> PyResult<()> {
        let (market, source) = feed(market_ix, source_ix)?;
        let expo: i32 = int("expo", expo)?;
        let (wall, mono) = instant(now_wall_ns, now_mono_ns)?;
        let pinned = self.lock().repin(market, source, expo, wall, mono);
        pinned.map_err(to_py)
    }

    /// The quote of one market at one instant; changes nothing.
    #[pyo3(signature = (market_ix, *, now_wall_ns, now_mono_ns))]
    fn quote(
        &self,
        market_ix: Any<'_, '_>,
        now_wall_ns: Any<'_, '_>,
        now_mono_ns: Any<'_, '_>,
    ) -> PyResult<PyQuote> {
        let market: MarketIx = int("market_ix", market_ix)?;
        let (wall, mono) = instant(now_wall_ns, now_mono_ns)?;
        let quote = self.lock().quote(market, wall, mono).map_err(to_py)?;
        Ok(PyQuote::from(quote))
    }

    /// Quotes of n markets at one instant, in the asked order.
    #[pyo3(signature = (market_ix, *, now_wall_ns, now_mono_ns))]
    fn quotes(
        &self,
        py: Python<'_>,
        market_ix: Any<'_, '_>,
        now_wall_ns: Any<'_, '_>,
        now_mono_ns: Any<'_, '_>,
    ) -> PyResult<PyQuotes> {
        let markets: Vec<u16> = array("market_ix", market_ix)?;
        let (wall, mono) = instant(now_wall_ns, now_mono_ns)?;
        let rows = detached(py, || {
            let book = self.lock();
            quote::Rows::collect(&markets, |market| book.quote(market, wall, mono))
        })?;
        Ok(rows.into_py(py))
    }

    /// `(source_ix, age_ns or -1, state)` of each feed.
    #[pyo3(signature = (market_ix, *, now_wall_ns, now_mono_ns))]
    fn ages(
        &self,
        market_ix: Any<'_, '_>,
        now_wall_ns: Any<'_, '_>,
        now_mono_ns: Any<'_, '_>,
    ) -> PyResult<Vec<(u16, i64, &'static str)>> {
        let market: MarketIx = int("market_ix", market_ix)?;
        let (wall, mono) = instant(now_wall_ns, now_mono_ns)?;
        let ages = self.lock().ages(market, wall, mono).map_err(to_py)?;
        Ok(ages
            .iter()
            .map(|age| (age.source, age.age_ns.unwrap_or(-1), age.standing.name()))
            .collect())
    }

    /// Names of the alarms due: CONFLICT, DIVERGENCE.
    #[pyo3(signature = (market_ix, *, now_wall_ns, now_mono_ns))]
    fn alarms(
        &self,
        market_ix: Any<'_, '_>,
        now_wall_ns: Any<'_, '_>,
        now_mono_ns: Any<'_, '_>,
    ) -> PyResult<Vec<&'static str>> {
        let market: MarketIx = int("market_ix", market_ix)?;
        let (wall, mono) = instant(now_wall_ns, now_mono_ns)?;
        let alarms = self.lock().alarms(market, wall, mono).map_err(to_py)?;
        Ok(alarms.names().collect())
    }

    /// Observations seen, by `PRICE_REJECTS` name.
    fn counters<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let counters = self.lock().counters();
        let named = PyDict::new(py);
        for (name, count) in counters {
            named.set_item(name, count)?;
        }
        Ok(named)
    }
}

/// Add the classes and constants to the module.
pub(crate) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = m.py();
    m.add("QUALITIES", PyTuple::new(py, QUALITIES)?)?;
    m.add("PRICE_REJECTS", PyTuple::new(py, PRICE_REJECTS)?)?;
    m.add("BREAKERS", PyTuple::new(py, BREAKERS)?)?;
    m.add_class::<PyAggregateConfig>()?;
    m.add_class::<PyQuote>()?;
    m.add_class::<PyQuotes>()?;
    m.add_class::<PyPriceBook>()
}
