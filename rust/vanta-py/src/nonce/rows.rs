//! Rows of a lane across the border: what `dump` gives and `restore` takes.

use std::sync::Arc;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyList, PyTuple};
use vanta_core::nonce::{
    AttemptRow, Counts, Hold, LaneRow, Outcome, Purpose, Receipt, SlotRow, SlotState,
};

use crate::arrays::{int, type_name};
use crate::errors::{invalid, to_py};
use crate::words::{address, hash, text, wei};

type Any<'py> = Bound<'py, PyAny>;

/// (`chain_id`, `wallet`, `delegated`, `hold` or "", `high_water`, `latest`, `safe`, `finalized`,
/// `final_block` or None).
pub(super) type LaneTuple<'py> = (
    u64,
    Bound<'py, PyBytes>,
    bool,
    &'static str,
    u64,
    u64,
    u64,
    u64,
    Option<u64>,
);
/// (`nonce`, `intent` or None, `state`, `hash` or None, `block`, `block_hash` or None, `ok`).
pub(super) type SlotTuple<'py> = (
    u64,
    Option<String>,
    &'static str,
    Option<Bound<'py, PyBytes>>,
    u64,
    Option<Bound<'py, PyBytes>>,
    bool,
);
/// (`nonce`, `hash`, `tip_wei`, `cap_wei`, `purpose`, `outcome`).
pub(super) type AttemptTuple<'py> = (
    u64,
    Bound<'py, PyBytes>,
    u128,
    u128,
    &'static str,
    &'static str,
);

pub(super) fn lane_out(py: Python<'_>, row: LaneRow) -> LaneTuple<'_> {
    (
        row.chain_id,
        PyBytes::new(py, row.wallet.as_slice()),
        row.delegated,
        row.hold.map_or("", Hold::name),
        row.high_water,
        row.counts.latest,
        row.counts.safe,
        row.counts.finalized,
        row.final_block,
    )
}

pub(super) fn slot_out<'py>(py: Python<'py>, row: &SlotRow) -> SlotTuple<'py> {
    let receipt = row.receipt;
    (
        row.nonce,
        row.intent.as_deref().map(String::from),
        row.state.name(),
        receipt.map(|receipt| PyBytes::new(py, &receipt.hash.0)),
        receipt.map_or(0, |receipt| receipt.block),
        receipt.map(|receipt| PyBytes::new(py, &receipt.block_hash.0)),
        receipt.is_some_and(|receipt| receipt.ok),
    )
}

pub(super) fn attempt_out<'py>(py: Python<'py>, row: &AttemptRow) -> AttemptTuple<'py> {
    let attempt = row.attempt;
    (
        row.nonce,
        PyBytes::new(py, &attempt.hash.0),
        attempt.tip_wei,
        attempt.cap_wei,
        attempt.purpose.name(),
        attempt.outcome.name(),
    )
}

pub(super) fn flag(name: &'static str, any: &Any<'_>) -> PyResult<bool> {
    match any.cast::<PyBool>() {
        Ok(flag) => Ok(flag.is_true()),
        Err(_) => Err(PyTypeError::new_err(format!(
            "{name} must be bool, not {}",
            type_name(any)
        ))),
    }
}

fn optional<T>(any: &Any<'_>, read: impl FnOnce(&Any<'_>) -> PyResult<T>) -> PyResult<Option<T>> {
    if any.is_none() {
        return Ok(None);
    }
    read(any).map(Some)
}

/// A row of `N` fields.
fn fields<'py, const N: usize>(name: &'static str, any: &Any<'py>) -> PyResult<[Any<'py>; N]> {
    let Ok(row) = any.cast::<PyTuple>() else {
        let kind = type_name(any);
        return Err(PyTypeError::new_err(format!(
            "{name} must be a tuple, not {kind}"
        )));
    };
    let given: Vec<Any<'py>> = row.iter().collect();
    let count = given.len();
    given
        .try_into()
        .map_err(|_| invalid(name, format!("has {count} fields, must have {N}")))
}

/// Each row of a list, the error saying which argument and row.
fn each<'py, T>(
    name: &'static str,
    any: &Any<'py>,
    read: impl Fn(&Any<'py>) -> PyResult<T>,
) -> PyResult<Vec<T>> {
    let Ok(rows) = any.cast::<PyList>() else {
        let kind = type_name(any);
        return Err(PyTypeError::new_err(format!(
            "{name} must be a list, not {kind}"
        )));
    };
    let rows = rows.iter().enumerate();
    rows.map(|(at, row)| {
        read(&row).map_err(|error| {
            let py = row.py();
            let told = format!("{name} row {at}: {}", error.value(py));
            PyErr::from_type(error.get_type(py), (told,))
        })
    })
    .collect()
}

/// All rows of a lane, as `dump` gave them.
pub(super) fn lane_in(any: &Any<'_>) -> PyResult<(LaneRow, Vec<SlotRow>, Vec<AttemptRow>)> {
    let [lane, slots, attempts] = fields("rows", any)?;
    Ok((
        lane_row_in(&lane)?,
        each("slots", &slots, slot_in)?,
        each("attempts", &attempts, attempt_in)?,
    ))
}

fn lane_row_in(any: &Any<'_>) -> PyResult<LaneRow> {
    let [
        chain_id,
        wallet,
        delegated,
        hold,
        high_water,
        latest,
        safe,
        finalized,
        block,
    ] = fields("lane", any)?;
    let hold = match text("hold", &hold)? {
        "" => None,
        name => Some(Hold::from_name(name).map_err(to_py)?),
    };
    Ok(LaneRow {
        chain_id: int("chain_id", &chain_id)?,
        wallet: address("wallet", &wallet)?,
        delegated: flag("delegated", &delegated)?,
        hold,
        high_water: int("high_water", &high_water)?,
        counts: counts(&latest, &safe, &finalized)?,
        final_block: optional(&block, |block| int("final_block", block))?,
    })
}

pub(super) fn counts(latest: &Any<'_>, safe: &Any<'_>, finalized: &Any<'_>) -> PyResult<Counts> {
    Ok(Counts {
        latest: int("latest", latest)?,
        safe: int("safe", safe)?,
        finalized: int("finalized", finalized)?,
    })
}

pub(super) fn receipt(
    tx_hash: &Any<'_>,
    block: &Any<'_>,
    block_hash: &Any<'_>,
    ok: bool,
) -> PyResult<Receipt> {
    Ok(Receipt {
        hash: hash("hash", tx_hash)?,
        block: int("block", block)?,
        block_hash: hash("block_hash", block_hash)?,
        ok,
    })
}

fn slot_in(any: &Any<'_>) -> PyResult<SlotRow> {
    let [nonce, intent, state, tx_hash, block, block_hash, ok] = fields("slot", any)?;
    let intent = optional(&intent, |intent| text("intent", intent).map(Arc::from))?;
    Ok(SlotRow {
        nonce: int("nonce", &nonce)?,
        intent,
        state: SlotState::from_name(text("state", &state)?).map_err(to_py)?,
        receipt: optional(&tx_hash, |tx_hash| {
            receipt(tx_hash, &block, &block_hash, flag("ok", &ok)?)
        })?,
    })
}

fn attempt_in(any: &Any<'_>) -> PyResult<AttemptRow> {
    let [nonce, tx_hash, tip, cap, purpose, outcome] = fields("attempt", any)?;
    AttemptRow::new(
        int("nonce", &nonce)?,
        hash("hash", &tx_hash)?,
        (wei("tip_wei", &tip)?, wei("cap_wei", &cap)?),
        Purpose::from_name(text("purpose", &purpose)?).map_err(to_py)?,
        Outcome::from_name(text("outcome", &outcome)?).map_err(to_py)?,
    )
    .map_err(to_py)
}
