//! What should be looked at now.
//!
//! `due` hands work out: what it names is not named again before its interval has passed, so a
//! caller may ask as often as it likes and answer as late as it must. Answers are facts told to the
//! lane (`signed`, `sent`, `confirm`), never a "done". Only FILL is named each time: `fill` takes no
//! waiting.
//!
//! Order of the questions about a lowest open slot: is the nonce used? is there a gap below? were
//! the bytes heard by anybody? only then: is the price the cause? A bump answers no other question.

use alloy_primitives::B256;

use super::attempt::{Attempt, Outcome};
use super::config::NonceConfig;
use super::lane::Lane;
use super::named;
use super::slot::{Slot, SlotState};
use crate::units::TimeNs;

named!(
    /// What to do about a nonce.
    DueKind, DUE_KINDS, "kind", 9, {
        /// Reserved and unsigned: sign now under the same nonce, or cancel if the intent expired.
        Sign = "SIGN",
        /// Signed and never sent: send the stored bytes.
        Send = "SEND",
        /// Nobody is known to have it, or nobody mines it: send the same bytes again.
        Resend = "RESEND",
        /// The price keeps it out: sign the same at a higher one, a no-op again as a no-op.
        Bump = "BUMP",
        /// Refused by all: sign a payable price, or a filler if the call itself is dead.
        Replace = "REPLACE",
        /// A returned nonce blocks later ones: `fill` it.
        Fill = "FILL",
        /// Ask for a receipt of every hash.
        Receipt = "RECEIPT",
        /// The nonce is used and no receipt was told: ask every node for every hash, then find who
        /// used it and `confirm` that; what was never signed may be released instead.
        Find = "FIND",
        /// Final by count: read the receipt once more and confirm.
        Verify = "VERIFY",
    }
);

/// What a transaction must pay now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Market {
    /// Base fee of the next block, wei per gas.
    pub base_fee_wei: u128,
    /// Low tip that recent blocks took (20th percentile), wei per gas.
    pub tip_wei: u128,
}

/// One thing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// About which nonce.
    pub nonce: u64,
    /// What.
    pub kind: DueKind,
    /// SEND, RESEND: which bytes. BUMP, REPLACE: the newest attempt. Else none.
    pub hash: Option<B256>,
    /// SEND, RESEND: of that attempt. BUMP, REPLACE: the highest ever signed. Else 0.
    pub tip_wei: u128,
    /// As `tip_wei`.
    pub cap_wei: u128,
}

impl Due {
    fn about(nonce: u64, kind: DueKind) -> Self {
        Self {
            nonce,
            kind,
            hash: None,
            tip_wei: 0,
            cap_wei: 0,
        }
    }

    fn bytes(nonce: u64, kind: DueKind, attempt: &Attempt) -> Self {
        Self {
            nonce,
            kind,
            hash: Some(attempt.hash),
            tip_wei: attempt.tip_wei,
            cap_wei: attempt.cap_wei,
        }
    }

    fn price(nonce: u64, kind: DueKind, slot: &Slot) -> Self {
        let (tip_wei, cap_wei) = slot.highest();
        Self {
            nonce,
            kind,
            hash: slot.attempts.last().map(|attempt| attempt.hash),
            tip_wei,
            cap_wei,
        }
    }
}

/// Whether `every` has passed since `last`; then `last` is now. Never asked before = yes.
fn take_turn(last: &mut Option<TimeNs>, every_ns: i64, now: TimeNs) -> bool {
    let turn = last.is_none_or(|at| now.since(at) >= every_ns);
    if turn {
        *last = Some(now);
    }
    turn
}

impl Lane {
    /// Everything due at `now`, in nonce order. Without a `market` no price is judged. On hold
    /// nothing new is signed or first sent, while what may be out is still sent and looked for.
    pub fn due(&mut self, config: &NonceConfig, market: Option<Market>, now: TimeNs) -> Vec<Due> {
        let mut out = Vec::new();
        for (nonce, settled) in self.settled.range_mut(..self.counts.finalized) {
            if take_turn(&mut settled.slot.looked_at, config.tags_ns, now) {
                out.push(Due::about(*nonce, DueKind::Verify));
            }
        }
        let held = self.hold.is_some();
        let floor = self.counts.latest;
        let gaps = self.gaps();
        if !held {
            let returned = gaps.iter().filter(|nonce| self.returned.contains(nonce));
            out.extend(returned.map(|nonce| Due::about(*nonce, DueKind::Fill)));
        }
        let lowest = self.open.range(floor..).next().map(|(nonce, _)| *nonce);
        for (&nonce, slot) in &mut self.open {
            match slot.state(nonce, floor) {
                SlotState::Reserved
                    if !held && take_turn(&mut slot.asked_at, config.sign_ns, now) =>
                {
                    out.push(Due::about(nonce, DueKind::Sign));
                }
                SlotState::Missing | SlotState::Stolen
                    if take_turn(&mut slot.looked_at, config.resend_ns, now) =>
                {
                    out.push(Due::about(nonce, DueKind::Find));
                }
                SlotState::Refused
                    if !held && take_turn(&mut slot.asked_at, config.resend_ns, now) =>
                {
                    out.push(Due::price(nonce, DueKind::Replace, slot));
                }
                SlotState::Signed | SlotState::Broadcast => {
                    let first = lowest == Some(nonce);
                    let blocked = gaps.first().is_some_and(|gap| *gap < nonce);
                    let again = (first && !blocked).then_some(config.bump_after_ns);
                    out.extend(slot.sends(nonce, config, again, held, now));
                    if first && take_turn(&mut slot.looked_at, config.receipt_ns, now) {
                        out.push(Due::about(nonce, DueKind::Receipt));
                    }
                    if first && !blocked && !held && slot.wants_bump(config, market, now) {
                        out.push(Due::price(nonce, DueKind::Bump, slot));
                    }
                }
                // Not its turn.
                _ => {}
            }
        }
        out.sort_by_key(|due| due.nonce);
        out
    }
}

impl Slot {
    /// Bytes to send, lowest price first: a node that has a dearer one refuses the cheaper. What was
    /// taken can be dropped without a word: the dearest of it is sent again every `again` ns.
    fn sends(
        &mut self,
        nonce: u64,
        config: &NonceConfig,
        again: Option<i64>,
        held: bool,
        now: TimeNs,
    ) -> Vec<Due> {
        let live = self.is_live();
        let useful = |attempt: &&Attempt| attempt.outcome != Outcome::Refused;
        let dearest = self.attempts.iter().filter(useful);
        let dearest = dearest.max_by_key(|attempt| (attempt.cap_wei, attempt.tip_wei));
        let dearest = dearest.map(|attempt| attempt.hash);
        let mut out = Vec::new();
        for attempt in &mut self.attempts {
            let (kind, every_ns) = match (attempt.outcome, again) {
                // On hold, a first sending adds a risk, unless it only competes with one.
                (Outcome::Unsent, _) if held && !live && !attempt.purpose.is_no_op() => continue,
                (Outcome::Unsent, _) => (DueKind::Send, config.resend_ns),
                (Outcome::Unknown, _) => (DueKind::Resend, config.resend_ns),
                (Outcome::Accepted | Outcome::Known, Some(every_ns))
                    if dearest == Some(attempt.hash) =>
                {
                    (DueKind::Resend, every_ns)
                }
                (Outcome::Accepted | Outcome::Known | Outcome::Refused, _) => continue,
            };
            if take_turn(&mut attempt.touched_at, every_ns, now) {
                out.push(Due::bytes(nonce, kind, attempt));
            }
        }
        out.sort_by_key(|due| (due.cap_wei, due.tip_wei));
        out
    }

    /// Whether the price is why it is not mined, and it has waited long enough at that price.
    fn wants_bump(&mut self, config: &NonceConfig, market: Option<Market>, now: TimeNs) -> bool {
        let Some(market) = market else {
            return false;
        };
        let bumps = u64::try_from(self.bumps()).unwrap_or(u64::MAX);
        if self.waits_since.is_none() || bumps >= config.max_bumps || !self.is_live() {
            return false;
        }
        let newest = self.attempts.last();
        if newest.is_some_and(|attempt| attempt.outcome == Outcome::Unsent) {
            return false;
        }
        // What all have refused is in no pool, so its price helps nobody.
        let live = self.attempts.iter().filter(|attempt| attempt.live());
        let paid = live.filter_map(|attempt| {
            let left = attempt.cap_wei.checked_sub(market.base_fee_wei)?;
            Some(left.min(attempt.tip_wei))
        });
        let too_low = paid.max().is_none_or(|paid| paid < market.tip_wei);
        too_low && take_turn(&mut self.waits_since, config.bump_after_ns, now)
    }
}
