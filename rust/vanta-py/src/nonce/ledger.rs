//! The classes `NonceConfig` and `NonceLedger`.

use pyo3::prelude::*;
use vanta_core::nonce::{
    Attempt, DueRow, LaneIx, Market, NonceConfig, NonceLedger, Outcome, Purpose,
};

use super::answers::{DueTuple, PyConfirmed, PySynced, Reserved, SlotTuple, due_rows, slot_rows};
use super::rows::{self, counts, lane_in, lane_out, receipt};
use crate::arrays::{OptionalArg, int, int_or};
use crate::errors::to_py;
use crate::shared::Shared;
use crate::words::{self, address, text, wei};

/// Limits and intervals of every lane of a ledger.
#[pyclass(frozen, module = "vanta._core", name = "NonceConfig")]
pub(crate) struct PyNonceConfig(NonceConfig);

#[pymethods]
impl PyNonceConfig {
    #[new]
    #[pyo3(signature = (
        *, max_in_flight=OptionalArg::ABSENT, max_bumps=OptionalArg::ABSENT,
        bump_after_ns=OptionalArg::ABSENT, resend_ns=OptionalArg::ABSENT,
        receipt_ns=OptionalArg::ABSENT, tags_ns=OptionalArg::ABSENT, sign_ns=OptionalArg::ABSENT
    ), text_signature = "(*, max_in_flight=4, max_bumps=8, bump_after_ns=6_000_000_000, \
        resend_ns=4_000_000_000, receipt_ns=500_000_000, tags_ns=12_000_000_000, \
        sign_ns=2_500_000_000)")]
    fn new(
        max_in_flight: OptionalArg<'_>,
        max_bumps: OptionalArg<'_>,
        bump_after_ns: OptionalArg<'_>,
        resend_ns: OptionalArg<'_>,
        receipt_ns: OptionalArg<'_>,
        tags_ns: OptionalArg<'_>,
        sign_ns: OptionalArg<'_>,
    ) -> PyResult<Self> {
        let usual = NonceConfig::default();
        NonceConfig {
            max_in_flight: int_or("max_in_flight", max_in_flight, usual.max_in_flight)?,
            max_bumps: int_or("max_bumps", max_bumps, usual.max_bumps)?,
            bump_after_ns: int_or("bump_after_ns", bump_after_ns, usual.bump_after_ns)?,
            resend_ns: int_or("resend_ns", resend_ns, usual.resend_ns)?,
            receipt_ns: int_or("receipt_ns", receipt_ns, usual.receipt_ns)?,
            tags_ns: int_or("tags_ns", tags_ns, usual.tags_ns)?,
            sign_ns: int_or("sign_ns", sign_ns, usual.sign_ns)?,
        }
        .validate()
        .map(Self)
        .map_err(to_py)
    }
}

type Any<'a, 'py> = &'a Bound<'py, PyAny>;
type Dumped<'py> = (
    rows::LaneTuple<'py>,
    Vec<rows::SlotTuple<'py>>,
    Vec<rows::AttemptTuple<'py>>,
);

fn lane_ix(lane: Any<'_, '_>) -> PyResult<LaneIx> {
    int("lane", lane).map(LaneIx)
}

/// Which nonce belongs to which intent, for every wallet of this process.
#[pyclass(frozen, module = "vanta._core", name = "NonceLedger")]
pub(crate) struct PyNonceLedger {
    ledger: Shared<NonceLedger>,
}

#[pymethods]
#[expect(
    clippy::too_many_arguments,
    reason = "one argument per field, by keyword"
)]
impl PyNonceLedger {
    #[new]
    fn new(py: Python<'_>, config: &PyNonceConfig) -> PyResult<Self> {
        let made = NonceLedger::new(config.0).map_err(to_py)?;
        let ledger = Shared::default();
        ledger.with(py, |empty| {
            *empty = made;
            Ok(())
        })?;
        Ok(Self { ledger })
    }

    /// The lane of a wallet never used by us; returns its handle.
    #[pyo3(signature = (chain_id, *, wallet, latest, safe, finalized, delegated=false))]
    fn open_lane(
        &self,
        py: Python<'_>,
        chain_id: Any<'_, '_>,
        wallet: Any<'_, '_>,
        latest: Any<'_, '_>,
        safe: Any<'_, '_>,
        finalized: Any<'_, '_>,
        delegated: bool,
    ) -> PyResult<u32> {
        let chain = int("chain_id", chain_id)?;
        let wallet = address("wallet", wallet)?;
        let counts = counts(latest, safe, finalized)?;
        self.ledger
            .with(py, |it| it.open_lane(chain, wallet, delegated, counts))
            .map(|lane| lane.0)
    }

    /// The lane of dumped rows at the counts of now: handle, what they changed, what to do first.
    #[pyo3(signature = (rows, *, latest, safe, finalized, now_ns))]
    fn restore<'py>(
        &self,
        py: Python<'py>,
        rows: Any<'_, 'py>,
        latest: Any<'_, 'py>,
        safe: Any<'_, 'py>,
        finalized: Any<'_, 'py>,
        now_ns: Any<'_, 'py>,
    ) -> PyResult<(u32, PySynced, Vec<DueTuple<'py>>)> {
        let (row, slots, attempts) = lane_in(rows)?;
        let counts = counts(latest, safe, finalized)?;
        let now = int("now_ns", now_ns)?;
        let (lane, told) = self
            .ledger
            .with_detached(py, |it| it.restore(&row, &slots, &attempts, counts, now))?;
        let work = told.work.into_iter().map(|due| DueRow { lane, due });
        Ok((lane.0, PySynced(told.synced), due_rows(py, work.collect())))
    }

    /// Give `intent` a nonce, or say why not.
    #[pyo3(signature = (lane, *, intent, now_ns))]
    fn reserve(
        &self,
        py: Python<'_>,
        lane: Any<'_, '_>,
        intent: Any<'_, '_>,
        now_ns: Any<'_, '_>,
    ) -> PyResult<Reserved> {
        let (lane, intent) = (lane_ix(lane)?, text("intent", intent)?);
        let now = int("now_ns", now_ns)?;
        self.ledger
            .with(py, |it| it.reserve(lane, intent, now))
            .map(Reserved::from)
    }

    /// Take a nonce back that was never signed; True when it is now a gap.
    #[pyo3(signature = (lane, *, nonce))]
    fn release(&self, py: Python<'_>, lane: Any<'_, '_>, nonce: Any<'_, '_>) -> PyResult<bool> {
        let (lane, nonce) = (lane_ix(lane)?, int("nonce", nonce)?);
        self.ledger.with(py, |it| it.release(lane, nonce))
    }

    /// Take a returned nonce for a filler.
    #[pyo3(signature = (lane, *, nonce, now_ns))]
    fn fill(
        &self,
        py: Python<'_>,
        lane: Any<'_, '_>,
        nonce: Any<'_, '_>,
        now_ns: Any<'_, '_>,
    ) -> PyResult<()> {
        let (lane, nonce) = (lane_ix(lane)?, int("nonce", nonce)?);
        let now = int("now_ns", now_ns)?;
        self.ledger
            .with(py, |it| it.lane_mut(lane)?.fill(nonce, now))
    }

    /// Record a signature, before its bytes leave.
    #[pyo3(signature = (lane, *, nonce, hash, tip_wei, cap_wei, purpose, now_ns))]
    fn signed(
        &self,
        py: Python<'_>,
        lane: Any<'_, '_>,
        nonce: Any<'_, '_>,
        hash: Any<'_, '_>,
        tip_wei: Any<'_, '_>,
        cap_wei: Any<'_, '_>,
        purpose: Any<'_, '_>,
        now_ns: Any<'_, '_>,
    ) -> PyResult<()> {
        let (lane, nonce) = (lane_ix(lane)?, int("nonce", nonce)?);
        let hash = words::hash("hash", hash)?;
        let (tip, cap) = (wei("tip_wei", tip_wei)?, wei("cap_wei", cap_wei)?);
        let purpose = Purpose::from_name(text("purpose", purpose)?).map_err(to_py)?;
        let now = int("now_ns", now_ns)?;
        let attempt = Attempt::signed(hash, tip, cap, purpose).map_err(to_py)?;
        self.ledger
            .with(py, |it| it.signed(lane, nonce, attempt, now))
    }

    /// Record the nodes' answer about an attempt; returns its nonce.
    #[pyo3(signature = (lane, *, hash, outcome, now_ns))]
    fn sent(
        &self,
        py: Python<'_>,
        lane: Any<'_, '_>,
        hash: Any<'_, '_>,
        outcome: Any<'_, '_>,
        now_ns: Any<'_, '_>,
    ) -> PyResult<u64> {
        let (lane, hash) = (lane_ix(lane)?, words::hash("hash", hash)?);
        let outcome = Outcome::from_name(text("outcome", outcome)?).map_err(to_py)?;
        let now = int("now_ns", now_ns)?;
        self.ledger.with(py, |it| it.sent(lane, hash, outcome, now))
    }

    /// Take a receipt of whatever used `nonce`.
    #[pyo3(signature = (lane, *, nonce, hash, block, block_hash, ok))]
    fn confirm(
        &self,
        py: Python<'_>,
        lane: Any<'_, '_>,
        nonce: Any<'_, '_>,
        hash: Any<'_, '_>,
        block: Any<'_, '_>,
        block_hash: Any<'_, '_>,
        ok: bool,
    ) -> PyResult<PyConfirmed> {
        let (lane, nonce) = (lane_ix(lane)?, int("nonce", nonce)?);
        let receipt = receipt(hash, block, block_hash, ok)?;
        self.ledger
            .with(py, |it| it.confirm(lane, nonce, receipt))
            .map(PyConfirmed)
    }

    /// Take new counts of a lane; they only raise the floor.
    #[pyo3(signature = (lane, *, latest, safe, finalized))]
    fn sync(
        &self,
        py: Python<'_>,
        lane: Any<'_, '_>,
        latest: Any<'_, '_>,
        safe: Any<'_, '_>,
        finalized: Any<'_, '_>,
    ) -> PyResult<PySynced> {
        let lane = lane_ix(lane)?;
        let counts = counts(latest, safe, finalized)?;
        self.ledger
            .with(py, |it| it.sync(lane, counts))
            .map(PySynced)
    }

    /// Forget the blocks of a chain from `from_block` on: (`lane`, `reopened`, `beyond_final`).
    #[pyo3(signature = (chain_id, *, from_block))]
    fn reorg(
        &self,
        py: Python<'_>,
        chain_id: Any<'_, '_>,
        from_block: Any<'_, '_>,
    ) -> PyResult<Vec<(u32, Vec<u64>, bool)>> {
        let (chain, block) = (int("chain_id", chain_id)?, int("from_block", from_block)?);
        let told = self
            .ledger
            .with_detached(py, |it| Ok(it.reorg(chain, block)))?;
        let rows = told.into_iter();
        Ok(rows
            .map(|(lane, told)| (lane.0, told.reopened, told.beyond_final))
            .collect())
    }

    /// What should be looked at now on a chain: (`lane`, `nonce`, `kind`, `hash`, `tip`, `cap`).
    #[pyo3(signature = (
        chain_id, *, now_ns, next_base_fee_wei=OptionalArg::ABSENT, low_tip_wei=OptionalArg::ABSENT
    ), text_signature = "($self, chain_id, *, now_ns, next_base_fee_wei=0, low_tip_wei=0)")]
    fn due<'py>(
        &self,
        py: Python<'py>,
        chain_id: Any<'_, 'py>,
        now_ns: Any<'_, 'py>,
        next_base_fee_wei: OptionalArg<'py>,
        low_tip_wei: OptionalArg<'py>,
    ) -> PyResult<Vec<DueTuple<'py>>> {
        let (chain, now) = (int("chain_id", chain_id)?, int("now_ns", now_ns)?);
        let base = next_base_fee_wei.given();
        let tip = low_tip_wei.given();
        let market = Market {
            base_fee_wei: base.map_or(Ok(0), |any| wei("next_base_fee_wei", &any))?,
            tip_wei: tip.map_or(Ok(0), |any| wei("low_tip_wei", &any))?,
        };
        let found = self
            .ledger
            .with_detached(py, |it| Ok(it.due(chain, Some(market), now)))?;
        Ok(due_rows(py, found))
    }

    /// Nonces that keep later ones from being mined, lowest first.
    fn gaps(&self, py: Python<'_>, lane: Any<'_, '_>) -> PyResult<Vec<u64>> {
        let lane = lane_ix(lane)?;
        self.ledger.with(py, |it| Ok(it.lane(lane)?.gaps()))
    }

    /// Open slots.
    fn in_flight(&self, py: Python<'_>, lane: Any<'_, '_>) -> PyResult<u64> {
        let lane = lane_ix(lane)?;
        self.ledger.with(py, |it| Ok(it.lane(lane)?.in_flight()))
    }

    /// Every slot that is not final: (`nonce`, `intent`, `state`, `hashes`).
    fn slots<'py>(&self, py: Python<'py>, lane: Any<'_, 'py>) -> PyResult<Vec<SlotTuple<'py>>> {
        let lane = lane_ix(lane)?;
        let slots = self.ledger.with(py, |it| Ok(it.lane(lane)?.slots()))?;
        Ok(slot_rows(py, slots))
    }

    /// Stop giving nonces of a lane out.
    fn hold(&self, py: Python<'_>, lane: Any<'_, '_>) -> PyResult<()> {
        let lane = lane_ix(lane)?;
        self.ledger.with(py, |it| it.hold(lane))
    }

    /// An operator's word that the wallet is ours and the chain counts `latest`.
    #[pyo3(signature = (lane, *, latest))]
    fn resume(&self, py: Python<'_>, lane: Any<'_, '_>, latest: Any<'_, '_>) -> PyResult<()> {
        let (lane, latest) = (lane_ix(lane)?, int("latest", latest)?);
        self.ledger.with(py, |it| it.lane_mut(lane)?.resume(latest))
    }

    /// Whether the account is delegated (EIP-7702): then one transaction may be out.
    #[pyo3(signature = (lane, *, delegated))]
    fn set_delegated(&self, py: Python<'_>, lane: Any<'_, '_>, delegated: bool) -> PyResult<()> {
        let lane = lane_ix(lane)?;
        self.ledger.with(py, |it| {
            it.lane_mut(lane)?.set_delegated(delegated);
            Ok(())
        })
    }

    /// Every row of the lane: its own, its slots, their attempts.
    fn dump<'py>(&self, py: Python<'py>, lane: Any<'_, 'py>) -> PyResult<Dumped<'py>> {
        let lane = lane_ix(lane)?;
        let (row, slots, attempts) = self.ledger.with(py, |it| Ok(it.lane(lane)?.dump()))?;
        let slots = slots.iter().map(|slot| rows::slot_out(py, slot));
        let attempts = attempts.iter();
        Ok((
            lane_out(py, row),
            slots.collect(),
            attempts.map(|row| rows::attempt_out(py, row)).collect(),
        ))
    }
}
