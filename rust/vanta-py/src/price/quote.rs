//! `Quote` and `Quotes`.

use numpy::PyArray1;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use vanta_core::CoreError;
use vanta_core::price::Quote;
use vanta_core::units::MarketIx;

/// One market's combined price at one instant. Carries its quality wherever it goes.
#[pyclass(frozen, module = "vanta._core", name = "Quote")]
pub(crate) struct PyQuote(Quote);

impl From<Quote> for PyQuote {
    fn from(quote: Quote) -> Self {
        Self(quote)
    }
}

#[pymethods]
impl PyQuote {
    #[getter]
    fn market_ix(&self) -> u16 {
        self.0.market
    }
    /// Price for trading when the quality allows it, else last known good for display; 0 = none.
    #[getter]
    fn price_e10(&self) -> i64 {
        self.0.price_e10
    }
    #[getter]
    fn conf_e10(&self) -> i64 {
        self.0.conf_e10
    }
    /// Index into `QUALITIES`.
    #[getter]
    fn quality(&self) -> u8 {
        self.0.quality.index()
    }
    /// Index into `BREAKERS`.
    #[getter]
    fn breaker(&self) -> u8 {
        self.0.breaker.index()
    }
    /// Oldest publish time used.
    #[getter]
    fn as_of_ns(&self) -> i64 {
        self.0.as_of_ns
    }
    #[getter]
    fn valid_until_ns(&self) -> i64 {
        self.0.valid_until_ns
    }
    /// Age of `as_of_ns` at the moment of the quote; never negative.
    #[getter]
    fn age_ns(&self) -> i64 {
        self.0.age_ns
    }
    /// (max - min) / min of the fresh sources: the number behind CONFLICT.
    #[getter]
    fn spread_between_sources_e10(&self) -> i64 {
        self.0.spread_e10
    }
    /// Indices of the sources behind the price.
    #[getter]
    fn sources_used<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.0.sources_used().collect::<Vec<u16>>())
    }
    /// `(source_ix, reason)` of the sources that had no part in it.
    #[getter]
    fn sources_rejected<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let rejected = self.0.sources_rejected();
        PyTuple::new(
            py,
            rejected
                .map(|(source, standing)| (source, standing.name()))
                .collect::<Vec<_>>(),
        )
    }
    #[getter]
    fn config_version(&self) -> i64 {
        self.0.config_version
    }

    fn __repr__(&self) -> String {
        let quote = &self.0;
        format!(
            "Quote(market_ix={}, price_e10={}, quality={}, breaker={}, as_of_ns={}, age_ns={})",
            quote.market,
            quote.price_e10,
            quote.quality.name(),
            quote.breaker.name(),
            quote.as_of_ns,
            quote.age_ns,
        )
    }
}

/// Columns of n quotes.
#[derive(Default)]
pub(crate) struct Rows {
    market: Vec<u16>,
    price: Vec<i64>,
    quality: Vec<u8>,
    breaker: Vec<u8>,
    as_of: Vec<i64>,
}

impl Rows {
    pub(crate) fn collect(
        markets: &[u16],
        quote: impl Fn(MarketIx) -> Result<Quote, CoreError>,
    ) -> Result<Self, CoreError> {
        let mut rows = Self {
            market: markets.to_vec(),
            price: Vec::with_capacity(markets.len()),
            quality: Vec::with_capacity(markets.len()),
            breaker: Vec::with_capacity(markets.len()),
            as_of: Vec::with_capacity(markets.len()),
        };
        for (row, market) in markets.iter().enumerate() {
            let made = MarketIx::new(*market)
                .and_then(&quote)
                .map_err(|error| error.at_row(row))?;
            rows.price.push(made.price_e10);
            rows.quality.push(made.quality.index());
            rows.breaker.push(made.breaker.index());
            rows.as_of.push(made.as_of_ns);
        }
        Ok(rows)
    }

    pub(crate) fn into_py(self, py: Python<'_>) -> PyQuotes {
        PyQuotes {
            market_ix: PyArray1::from_vec(py, self.market).unbind(),
            price_e10: PyArray1::from_vec(py, self.price).unbind(),
            quality: PyArray1::from_vec(py, self.quality).unbind(),
            breaker: PyArray1::from_vec(py, self.breaker).unbind(),
            as_of_ns: PyArray1::from_vec(py, self.as_of).unbind(),
        }
    }
}

/// Struct of arrays, one row per asked market, in the asked order.
#[pyclass(frozen, module = "vanta._core", name = "Quotes")]
pub(crate) struct PyQuotes {
    #[pyo3(get)]
    market_ix: Py<PyArray1<u16>>,
    #[pyo3(get)]
    price_e10: Py<PyArray1<i64>>,
    #[pyo3(get)]
    quality: Py<PyArray1<u8>>,
    #[pyo3(get)]
    breaker: Py<PyArray1<u8>>,
    #[pyo3(get)]
    as_of_ns: Py<PyArray1<i64>>,
}
