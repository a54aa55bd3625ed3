//! The class `TriggerBook`.

use numpy::PyArray1;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use vanta_core::trigger::{QuoteRows, TriggerBook};
use vanta_core::units::PriceE10;

use super::answers::{PyFirings, fired};
use super::asked::{arming, armings};
use crate::arrays::{OptionalArg, array, array_like, int};
use crate::shared::Shared;

/// Armed triggers of all markets.
#[pyclass(frozen, module = "vanta._core", name = "TriggerBook")]
pub(crate) struct PyTriggerBook {
    book: Shared<TriggerBook>,
}

#[pymethods]
#[expect(
    clippy::too_many_arguments,
    reason = "one argument per field, by keyword"
)]
impl PyTriggerBook {
    #[new]
    fn new() -> Self {
        Self {
            book: Shared::default(),
        }
    }

    /// Arm a trigger, or replace the live one of this id by a higher version.
    #[pyo3(signature = (
        id, *, version, market_ix, kind, is_long, level_e10, distance_e10=OptionalArg::ABSENT,
        offset_e10=OptionalArg::ABSENT
    ), text_signature = "($self, id, *, version, market_ix, kind, is_long, level_e10, distance_e10=0, offset_e10=0)")]
    fn arm(
        &self,
        py: Python<'_>,
        id: &Bound<'_, PyAny>,
        version: &Bound<'_, PyAny>,
        market_ix: &Bound<'_, PyAny>,
        kind: &Bound<'_, PyAny>,
        is_long: bool,
        level_e10: &Bound<'_, PyAny>,
        distance_e10: OptionalArg<'_>,
        offset_e10: OptionalArg<'_>,
    ) -> PyResult<()> {
        let arming = arming(
            id,
            version,
            market_ix,
            kind,
            is_long,
            level_e10,
            distance_e10,
            offset_e10,
        )?;
        self.book.with(py, |book| book.arm(&arming))
    }

    /// `arm` row by row, in order; all or none.
    #[pyo3(signature = (
        id, *, version, market_ix, kind, is_long, level_e10, distance_e10, offset_e10
    ))]
    fn arm_batch(
        &self,
        py: Python<'_>,
        id: &Bound<'_, PyAny>,
        version: &Bound<'_, PyAny>,
        market_ix: &Bound<'_, PyAny>,
        kind: &Bound<'_, PyAny>,
        is_long: &Bound<'_, PyAny>,
        level_e10: &Bound<'_, PyAny>,
        distance_e10: &Bound<'_, PyAny>,
        offset_e10: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let rows = armings(
            id,
            version,
            market_ix,
            kind,
            is_long,
            level_e10,
            distance_e10,
            offset_e10,
        )?;
        self.book.with_detached(py, |book| book.arm_batch(&rows))
    }

    /// Forget a trigger; False when none of this id is armed.
    fn disarm(&self, py: Python<'_>, id: &Bound<'_, PyAny>) -> PyResult<bool> {
        let id = int("id", id)?;
        self.book.with(py, |book| Ok(book.disarm(id)))
    }

    /// `disarm` row by row.
    fn disarm_batch<'py>(
        &self,
        py: Python<'py>,
        id: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyArray1<bool>>> {
        let ids: Vec<i64> = array("id", id)?;
        let found = self
            .book
            .with_detached(py, |book| Ok(book.disarm_batch(&ids)))?;
        Ok(PyArray1::from_vec(py, found))
    }

    /// Show a price of a market; what it fires, nearest first.
    fn on_quote<'py>(
        &self,
        py: Python<'py>,
        market_ix: &Bound<'py, PyAny>,
        price_e10: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let market = int("market_ix", market_ix)?;
        let price: PriceE10 = int("price_e10", price_e10)?;
        let found = self.book.with(py, |book| {
            let mut found = Vec::new();
            book.on_quote(market, price, &mut found);
            Ok(found)
        })?;
        fired(py, found)
    }

    /// `on_quote` for each tradable row, in order.
    #[pyo3(signature = (market_ix, *, price_e10, tradable))]
    fn on_quotes(
        &self,
        py: Python<'_>,
        market_ix: &Bound<'_, PyAny>,
        price_e10: &Bound<'_, PyAny>,
        tradable: &Bound<'_, PyAny>,
    ) -> PyResult<PyFirings> {
        let market: Vec<u16> = array("market_ix", market_ix)?;
        let price: Vec<i64> = array_like("price_e10", price_e10, market.len(), "market_ix")?;
        let tradable: Vec<bool> = array_like("tradable", tradable, market.len(), "market_ix")?;
        let rows = QuoteRows {
            market: &market,
            price: &price,
            tradable: &tradable,
        };
        let found = self.book.with_detached(py, |book| book.on_quotes(&rows))?;
        Ok(PyFirings::new(py, &found))
    }

    /// Nearest levels that fire at or above, and at or below; None = none.
    fn next_levels(
        &self,
        py: Python<'_>,
        market_ix: &Bound<'_, PyAny>,
    ) -> PyResult<(Option<i64>, Option<i64>)> {
        let market = int("market_ix", market_ix)?;
        let (above, below) = self.book.with(py, |book| Ok(book.next_levels(market)))?;
        Ok((above.map(PriceE10::get), below.map(PriceE10::get)))
    }

    /// Level at which a trigger fires as things are now; None = unknown, at rest, out of reach.
    fn level(&self, py: Python<'_>, id: &Bound<'_, PyAny>) -> PyResult<Option<i64>> {
        let id = int("id", id)?;
        let level = self.book.with(py, |book| Ok(book.level(id)))?;
        Ok(level.map(PriceE10::get))
    }

    /// Bytes held, spare room included.
    #[getter]
    fn memory_bytes(&self, py: Python<'_>) -> PyResult<usize> {
        self.book.with(py, |book| Ok(book.memory_bytes()))
    }

    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        self.book.with(py, |book| Ok(book.len()))
    }

    fn __contains__(&self, py: Python<'_>, id: &Bound<'_, PyAny>) -> PyResult<bool> {
        let id = int("id", id)?;
        self.book.with(py, |book| Ok(book.contains(id)))
    }
}
