//! The book: which triggers are armed, and what a tick fires.

use hashbrown::HashTable;

use super::heap::{Forest, GROUP, MAX_NODES, NIL, Node};
use super::index::{Index, hash};
use super::kind::{Arming, Lane, Start, TriggerKind};
use super::quiet::Quiet;
use super::trail::{ASIDE, Place, Trails};
use crate::error::CoreError;
use crate::units::{MarketIx, PriceE10};

const TRAILING: u8 = TriggerKind::Trailing.index();
const KIND_BITS: u8 = 7;
const LANE_SHIFT: u8 = 3;

/// A trigger that a price has reached. It is no longer in the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fired {
    /// Its id.
    pub id: i64,
    /// The version that fired.
    pub version: u32,
    /// What it was for.
    pub kind: TriggerKind,
    /// The level it fired at: that of the trigger, not the price that reached it.
    pub level: PriceE10,
}

/// Quotes of several markets, or several of one, in order; raw integers.
#[derive(Debug, Clone, Copy)]
pub struct QuoteRows<'a> {
    /// Markets.
    pub market: &'a [u16],
    /// Prices.
    pub price: &'a [i64],
    /// Whether the row may fire or move anything.
    pub tradable: &'a [bool],
}

/// Armed triggers of all markets. The answers follow from the sequence of calls alone.
#[derive(Debug, Clone)]
pub struct TriggerBook {
    forest: Forest,
    trails: Trails,
    index: Index,
    quiet: Vec<Quiet>,
}

impl Default for TriggerBook {
    fn default() -> Self {
        Self::new()
    }
}

impl TriggerBook {
    /// A book without triggers.
    #[must_use]
    pub fn new() -> Self {
        Self {
            forest: Forest::new(),
            trails: Trails::default(),
            index: Index::default(),
            quiet: Vec::new(),
        }
    }

    /// How many triggers are armed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether none is armed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a trigger of this id is armed.
    #[must_use]
    pub fn contains(&self, id: i64) -> bool {
        self.index.find(&self.forest, id).is_some()
    }

    /// Bytes the book holds, spare room of all its structures included.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        size_of::<Self>()
            + self.forest.bytes()
            + self.trails.bytes()
            + self.index.bytes()
            + self.quiet.capacity() * size_of::<Quiet>()
    }

    /// Arm a trigger, or replace the live one of this id by a higher version. O(log n).
    ///
    /// # Errors
    /// `Invalid` for a version that is not above the live one's and for numbers that do not belong
    /// to the kind, `Overflow` when a derived level does not fit a price. Nothing changed then.
    pub fn arm(&mut self, arming: &Arming) -> Result<(), CoreError> {
        let start = arming.start()?;
        let live = self.index.find(&self.forest, arming.id);
        if let Some(slot) = live {
            check_version(arming, self.forest.at(slot).version)?;
        } else {
            self.check_room(1)?;
        }
        if live.is_some() {
            self.disarm(arming.id);
        }
        self.insert(arming, start);
        Ok(())
    }

    /// [`arm`](Self::arm) for each row, in order; all or none.
    ///
    /// # Errors
    /// `AtRow` with the error of the first wrong row. Nothing changed then.
    pub fn arm_batch(&mut self, rows: &[Arming]) -> Result<(), CoreError> {
        self.check_room(rows.len())?;
        let mut seen: HashTable<(i64, u32)> = HashTable::with_capacity(rows.len());
        for (row, arming) in rows.iter().enumerate() {
            let checked = arming.start().and_then(|_| {
                let before = seen.find_mut(hash(arming.id), |(id, _)| *id == arming.id);
                if let Some((_, version)) = before {
                    check_version(arming, *version)?;
                    *version = arming.version;
                    return Ok(());
                }
                if let Some(slot) = self.index.find(&self.forest, arming.id) {
                    check_version(arming, self.forest.at(slot).version)?;
                }
                let entry = (arming.id, arming.version);
                seen.insert_unique(hash(arming.id), entry, |(id, _)| hash(*id));
                Ok(())
            });
            checked.map_err(|error| error.at_row(row))?;
        }
        for (row, arming) in rows.iter().enumerate() {
            self.arm(arming).map_err(|error| error.at_row(row))?;
        }
        Ok(())
    }

    /// Forget a trigger; false when none of this id is armed. O(log n).
    pub fn disarm(&mut self, id: i64) -> bool {
        let slot = self.index.remove(&self.forest, id);
        if let Some(slot) = slot {
            self.remove(slot);
        }
        slot.is_some()
    }

    /// [`disarm`](Self::disarm) for each id, in order.
    pub fn disarm_batch(&mut self, ids: &[i64]) -> Vec<bool> {
        ids.iter().map(|id| self.disarm(*id)).collect()
    }

    /// Show the book a price of a market; adds what it fires to `fired`, in the module's order.
    ///
    /// A price of 0 is no price and does nothing, and so does a market without triggers.
    #[inline]
    pub fn on_quote(&mut self, market: MarketIx, price: PriceE10, fired: &mut Vec<Fired>) {
        let quiet = self.quiet.get(usize::from(market.get()));
        if quiet.is_none_or(|quiet| quiet.contains(price.get())) || price == PriceE10::ZERO {
            return;
        }
        self.disturb(market.get(), price, fired);
    }

    /// [`on_quote`](Self::on_quote) for each tradable row, in order; each fired with its row.
    ///
    /// # Errors
    /// `AtRow` with `OutOfRange` for a negative price, tradable or not. Nothing changed then.
    pub fn on_quotes(&mut self, rows: &QuoteRows<'_>) -> Result<Vec<(usize, Fired)>, CoreError> {
        for (row, price) in rows.price.iter().enumerate() {
            PriceE10::new(*price).map_err(|error| error.named("price_e10").at_row(row))?;
        }
        let mut out = Vec::new();
        let mut fired = Vec::new();
        let quotes = rows.market.iter().zip(rows.price).zip(rows.tradable);
        for (row, ((&market, &price), &tradable)) in quotes.enumerate() {
            if tradable {
                self.on_quote(MarketIx::new(market)?, PriceE10::new(price)?, &mut fired);
                out.extend(fired.drain(..).map(|one| (row, one)));
            }
        }
        Ok(out)
    }

    /// The lowest level that fires at or above, and the highest that fires at or below, as they are
    /// now. Break-evens at rest have no level yet. O(1).
    #[must_use]
    pub fn next_levels(&self, market: MarketIx) -> (Option<PriceE10>, Option<PriceE10>) {
        let nearest = |lane: Lane| {
            let place = Place {
                market: market.get(),
                lane,
            };
            let root = self.forest.root(place.fires());
            (root != NIL).then(|| lane.level(self.forest.at(root).key))?
        };
        (nearest(Lane::Above), nearest(Lane::Below))
    }

    /// The level at which a trigger fires as things are now; none for an unknown one, for a
    /// break-even at rest and for a trailing stop further away than any price.
    ///
    /// Among trailing stops it walks up to the mark: for people and restarts, not for ticks.
    #[must_use]
    pub fn level(&self, id: i64) -> Option<PriceE10> {
        let slot = self.index.find(&self.forest, id)?;
        let Node { tag, key, .. } = *self.forest.at(slot);
        let lane = lane_of(tag);
        if tag & ASIDE == 0 {
            return lane.level(key);
        }
        let group = self.forest.owner_of(slot).as_group()?;
        lane.level(self.forest.at(group).aux.saturating_add(key))
    }

    #[cold]
    #[inline(never)]
    fn disturb(&mut self, market: u16, price: PriceE10, fired: &mut Vec<Fired>) {
        for lane in [Lane::Below, Lane::Above] {
            let place = Place { market, lane };
            let x = lane.x(price);
            self.trails.lower(&mut self.forest, place, x);
            self.activate(place, x);
            self.fire(place, x, fired);
        }
        self.measure(market);
    }

    fn activate(&mut self, place: Place, x: i64) {
        loop {
            let slot = self.forest.root(place.rests());
            // Rests are keyed by the negative of `at`: the first to be reached first.
            if slot == NIL || self.forest.at(slot).key > -x {
                return;
            }
            self.forest.take(slot);
            let node = self.forest.at_mut(slot);
            node.key = node.aux;
            node.tag &= !ASIDE;
            self.forest.push(place.fires(), slot);
        }
    }

    fn fire(&mut self, place: Place, x: i64, fired: &mut Vec<Fired>) {
        loop {
            let mut slot = self.forest.root(place.fires());
            let Node { key, tag, .. } = *self.forest.at(slot);
            if slot == NIL || key > x {
                return;
            }
            self.forest.take(slot);
            if matches!(tag & KIND_BITS, TRAILING | GROUP) {
                slot = self.trails.fire(&mut self.forest, place, slot);
            }
            let Node {
                id, version, tag, ..
            } = *self.forest.at(slot);
            fired.push(Fired {
                id,
                version,
                kind: TriggerKind::from_index(u16::from(tag & KIND_BITS))
                    .unwrap_or(TriggerKind::Buffer),
                level: place.lane.level(key).unwrap_or_default(),
            });
            self.index.remove(&self.forest, id);
            self.forest.free(slot);
        }
    }

    fn insert(&mut self, arming: &Arming, start: Start) {
        let market = arming.market.get();
        let count = usize::from(market) + 1;
        if self.quiet.len() < count {
            self.quiet.resize(count, Quiet::ALL);
            self.forest.lists(count * 4);
            self.trails.markets(count);
        }
        let lane = arming.kind.lane(arming.side);
        let place = Place { market, lane };
        let tag = arming.kind.index() | lane.number() << LANE_SHIFT;
        let mut node = Node::new(arming.id, arming.version, market, tag);
        let mut quiet = self.quiet_of(market);
        match start {
            Start::Level { key } => {
                node.key = key;
                let slot = self.forest.put(node);
                self.forest.push(place.fires(), slot);
                quiet.fires(lane, key);
                self.index.insert(&self.forest, slot);
            }
            Start::Rest { at, key } => {
                node.key = -at;
                node.aux = key;
                node.tag |= ASIDE;
                let slot = self.forest.put(node);
                self.forest.push(place.rests(), slot);
                quiet.moves(lane, at);
                self.index.insert(&self.forest, slot);
            }
            Start::Trail { mark, distance } => {
                node.aux = distance;
                let slot = self.forest.put(node);
                self.trails.join(&mut self.forest, place, mark, slot);
                quiet.fires(lane, mark.saturating_add(distance));
                quiet.moves(lane, mark.saturating_sub(1));
                self.index.insert(&self.forest, slot);
            }
        }
        self.set_quiet(market, quiet);
    }

    // Take out what is in the index no more.
    fn remove(&mut self, slot: u32) {
        let Node { tag, market, .. } = *self.forest.at(slot);
        if tag & KIND_BITS == TRAILING {
            let lane = lane_of(tag);
            let place = Place { market, lane };
            self.trails.leave(&mut self.forest, place, slot);
            self.measure(market);
        } else if self.forest.take(slot).is_some() {
            // Only the first of a heap is what a tick is compared with.
            self.measure(market);
        }
        self.forest.free(slot);
    }

    // What the next tick of a market is to be compared with.
    fn measure(&mut self, market: u16) {
        let mut quiet = Quiet::ALL;
        for lane in [Lane::Below, Lane::Above] {
            let place = Place { market, lane };
            let first = self.forest.root(place.fires());
            if first != NIL {
                quiet.fires(lane, self.forest.at(first).key);
            }
            let rest = self.forest.root(place.rests());
            if rest != NIL {
                quiet.moves(lane, -self.forest.at(rest).key);
            }
            if let Some(mark) = self.trails.highest(&self.forest, place) {
                quiet.moves(lane, mark.saturating_sub(1));
            }
        }
        self.set_quiet(market, quiet);
    }

    fn quiet_of(&self, market: u16) -> Quiet {
        let found = self.quiet.get(usize::from(market));
        found.copied().unwrap_or(Quiet::ALL)
    }

    fn set_quiet(&mut self, market: u16, quiet: Quiet) {
        if let Some(held) = self.quiet.get_mut(usize::from(market)) {
            *held = quiet;
        }
    }

    // With every trailing stop in a group of two, nodes are one and a half times the triggers.
    fn check_room(&self, more: usize) -> Result<(), CoreError> {
        let wanted = self.len().saturating_add(more);
        let most = usize::try_from(MAX_NODES / 2).unwrap_or(usize::MAX);
        if wanted > most {
            let reason = format!("would be {wanted}, at most {most} fit a book");
            return Err(CoreError::invalid("triggers", reason));
        }
        Ok(())
    }
}

fn check_version(arming: &Arming, live: u32) -> Result<(), CoreError> {
    if arming.version <= live {
        let reason = format!(
            "{} of trigger {} is not above {live}, which is armed",
            arming.version, arming.id
        );
        return Err(CoreError::invalid("version", reason));
    }
    Ok(())
}

fn lane_of(tag: u8) -> Lane {
    Lane::from_number(tag >> LANE_SHIFT & 1)
}
