//! What the book answers: a row per fired trigger, or columns.

use numpy::PyArray1;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use vanta_core::trigger::Fired;

/// (`id`, `version`, `kind`, `level_e10`) of each fired trigger; the interpreter shares one empty
/// tuple.
pub(super) fn fired(py: Python<'_>, fired: Vec<Fired>) -> PyResult<Bound<'_, PyTuple>> {
    if fired.is_empty() {
        return Ok(PyTuple::empty(py));
    }
    let rows = fired
        .into_iter()
        .map(|one| (one.id, one.version, one.kind.index(), one.level.get()));
    PyTuple::new(py, rows.collect::<Vec<_>>())
}

/// Struct of arrays, one row per fired trigger.
#[pyclass(frozen, module = "vanta._core", name = "Firings")]
pub(crate) struct PyFirings {
    #[pyo3(get)]
    row: Py<PyArray1<u32>>,
    #[pyo3(get)]
    id: Py<PyArray1<i64>>,
    #[pyo3(get)]
    version: Py<PyArray1<u32>>,
    #[pyo3(get)]
    kind: Py<PyArray1<u8>>,
    #[pyo3(get)]
    level_e10: Py<PyArray1<i64>>,
}

impl PyFirings {
    pub(super) fn new(py: Python<'_>, fired: &[(usize, Fired)]) -> Self {
        // Arrays of more than 2^32 quotes do not fit the memory of any machine this runs on.
        let rows = fired
            .iter()
            .map(|(row, _)| u32::try_from(*row).unwrap_or(u32::MAX));
        let each = || fired.iter().map(|(_, fired)| fired);
        Self {
            row: PyArray1::from_iter(py, rows).unbind(),
            id: PyArray1::from_iter(py, each().map(|f| f.id)).unbind(),
            version: PyArray1::from_iter(py, each().map(|f| f.version)).unbind(),
            kind: PyArray1::from_iter(py, each().map(|f| f.kind.index())).unbind(),
            level_e10: PyArray1::from_iter(py, each().map(|f| f.level.get())).unbind(),
        }
    }
}
