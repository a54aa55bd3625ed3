//! What the ledger answers: frozen values and rows.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};
use vanta_core::nonce::{Confirmed, DueRow, Reserve, SlotView, Synced};

/// A nonce, or the text of why there is none.
#[derive(IntoPyObject)]
pub(super) enum Reserved {
    Nonce(u64),
    Refusal(String),
}

impl From<Reserve> for Reserved {
    fn from(answer: Reserve) -> Self {
        match answer {
            Reserve::Given(nonce) => Self::Nonce(nonce),
            Reserve::Full { in_flight, cap } => {
                Self::Refusal(format!("FULL: {in_flight} of {cap} in flight"))
            }
            Reserve::Held(hold) => Self::Refusal(format!("HOLD: {}", hold.name())),
        }
    }
}

/// What a receipt made of a slot.
#[pyclass(frozen, module = "vanta._core", name = "Confirmed")]
pub(crate) struct PyConfirmed(pub(super) Confirmed);

#[pymethods]
impl PyConfirmed {
    /// MINED, SAFE, STOLEN or FINAL.
    #[getter]
    fn state(&self) -> &'static str {
        self.0.state.name()
    }

    /// Whether the transaction is one of ours.
    #[getter]
    fn ours(&self) -> bool {
        self.0.ours
    }

    /// Whose nonce it was; None for a filler's.
    #[getter]
    fn intent(&self) -> Option<&str> {
        self.0.intent.as_deref()
    }

    /// Why the winner was signed; None when it is not ours.
    #[getter]
    fn purpose(&self) -> Option<&'static str> {
        self.0.purpose.map(vanta_core::nonce::Purpose::name)
    }

    /// Hashes of ours that lost by this receipt.
    #[getter]
    fn losers<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        PyList::new(
            py,
            self.0.losers.iter().map(|hash| PyBytes::new(py, &hash.0)),
        )
    }

    fn __repr__(&self) -> String {
        format!("Confirmed({}, ours={})", self.state(), self.0.ours)
    }
}

/// What new counts made of a lane.
#[pyclass(frozen, module = "vanta._core", name = "Synced")]
pub(crate) struct PySynced(pub(super) Synced);

#[pymethods]
impl PySynced {
    /// First and last of each run of nonces used without any signature of ours.
    #[getter]
    fn foreign(&self) -> Vec<(u64, u64)> {
        self.0.foreign.clone()
    }

    /// Used, with signatures of ours, and no receipt known.
    #[getter]
    fn missing(&self) -> Vec<u64> {
        self.0.missing.clone()
    }

    /// Became SAFE.
    #[getter]
    fn safe(&self) -> Vec<u64> {
        self.0.safe.clone()
    }

    /// Only wait for a receipt read now to be FINAL.
    #[getter]
    fn verify(&self) -> Vec<u64> {
        self.0.verify.clone()
    }

    fn __repr__(&self) -> String {
        let Synced {
            foreign,
            missing,
            safe,
            verify,
        } = &self.0;
        format!(
            "Synced(foreign={foreign:?}, missing={missing:?}, safe={safe:?}, verify={verify:?})"
        )
    }
}

/// (`lane`, `nonce`, `kind`, `hash` or None, `tip_wei`, `cap_wei`).
pub(super) type DueTuple<'py> = (
    u32,
    u64,
    &'static str,
    Option<Bound<'py, PyBytes>>,
    u128,
    u128,
);

pub(super) fn due_rows(py: Python<'_>, rows: Vec<DueRow>) -> Vec<DueTuple<'_>> {
    let row = |DueRow { lane, due }| {
        let hash = due.hash.map(|hash| PyBytes::new(py, &hash.0));
        (
            lane.0,
            due.nonce,
            due.kind.name(),
            hash,
            due.tip_wei,
            due.cap_wei,
        )
    };
    rows.into_iter().map(row).collect()
}

/// (`nonce`, `intent` or None, `state`, `hashes`).
pub(super) type SlotTuple<'py> = (u64, Option<String>, &'static str, Vec<Bound<'py, PyBytes>>);

pub(super) fn slot_rows(py: Python<'_>, slots: Vec<SlotView>) -> Vec<SlotTuple<'_>> {
    let row = |slot: SlotView| {
        let hashes = slot.hashes.iter();
        (
            slot.nonce,
            slot.intent.as_deref().map(String::from),
            slot.state.name(),
            hashes.map(|hash| PyBytes::new(py, &hash.0)).collect(),
        )
    };
    slots.into_iter().map(row).collect()
}
