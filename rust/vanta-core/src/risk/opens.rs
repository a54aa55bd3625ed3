//! A user's opens, oldest first, and the exact windows over them.
//!
//! Each row carries the running sum of notional, so that a window is two binary searches however
//! many opens it holds. A row that arrives late or is taken back adjusts the sums behind it, which
//! are few: both concern the newest rows.

use std::collections::VecDeque;

use crate::error::CoreError;
use crate::units::{DAY_NS, HOUR_NS, MINUTE_NS, TimeNs, UsdE6};

/// A span that ends now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Window {
    /// The last so many nanoseconds: an open counts until exactly that long after it.
    Rolling(i64),
    /// Since 00:00 UTC.
    UtcDay,
}

impl Window {
    pub(super) const MINUTE: Self = Self::Rolling(MINUTE_NS);
    pub(super) const HOUR: Self = Self::Rolling(HOUR_NS);

    fn counts(self, at: TimeNs, now: TimeNs) -> bool {
        match self {
            // An open dated ahead of now (a clock stepped back) counts: the safe side.
            Self::Rolling(span) => now.since(at) < span,
            Self::UtcDay => at >= now.day_start(),
        }
    }

    /// The first instant at which an open of `at` no longer counts.
    pub(super) fn leaves(self, at: TimeNs) -> TimeNs {
        let end = match self {
            Self::Rolling(span) => at.checked_add_ns(span),
            Self::UtcDay => at.day_start().checked_add_ns(DAY_NS),
        };
        // Past the end of representable time (year 2262) nothing resets.
        end.unwrap_or(TimeNs::ZERO)
    }
}

#[derive(Debug, Clone, Copy)]
struct Open {
    at: TimeNs,
    reservation: u64,
    /// Sum of all notionals up to and including this row, dropped rows included.
    total: i128,
}

/// What the windows hold at every instant of `from..until`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    from: TimeNs,
    until: TimeNs,
    /// Notional of the last hour.
    pub(super) hour: i64,
    /// Notional of this UTC day.
    pub(super) day: i64,
    /// Opens of the last minute.
    pub(super) minute: u32,
    /// Opens of this UTC day.
    pub(super) today: u32,
    /// Whether the oldest row is still counted, so that there is none to drop.
    all_count: bool,
}

impl Counts {
    #[inline]
    pub(super) fn hold(&self, now: TimeNs) -> bool {
        self.from <= now && now < self.until
    }
}

fn stays(at: TimeNs, now: TimeNs) -> bool {
    Window::HOUR.counts(at, now) || Window::UtcDay.counts(at, now)
}

// `known` with one open more or less, `None` where it does not fit or is due sooner than now.
fn counted(known: Counts, at: TimeNs, notional: UsdE6, added: bool) -> Option<Counts> {
    let now = known.from;
    let (one, amount) = if added {
        (1, notional.get())
    } else {
        (-1, -notional.get())
    };
    let mut next = known;
    if Window::MINUTE.counts(at, now) {
        next.minute = known.minute.checked_add_signed(one)?;
        next.until = next.until.min(Window::MINUTE.leaves(at));
    }
    if Window::HOUR.counts(at, now) {
        next.hour = known.hour.checked_add(amount)?;
        next.until = next.until.min(Window::HOUR.leaves(at));
    }
    if Window::UtcDay.counts(at, now) {
        next.today = known.today.checked_add_signed(one)?;
        next.day = known.day.checked_add(amount)?;
    }
    next.all_count &= stays(at, now);
    Some(next)
}

/// The opens still of interest to some window.
#[derive(Debug, Clone, Default)]
pub(super) struct Opens {
    /// An account is asked again long before a window changes: then the rows need not be read.
    counts: Counts,
    rows: VecDeque<Open>,
    /// Running sum before the first row.
    base: i128,
}

impl Opens {
    /// Count an open. `reservation` 0 = not to be taken back.
    pub(super) fn add(&mut self, at: TimeNs, notional: UsdE6, reservation: u64) {
        let newest = self.rows.back().is_none_or(|last| last.at <= at);
        let index = if newest {
            self.rows.len()
        } else {
            self.rows.partition_point(|row| row.at <= at)
        };
        self.recount(at, notional, true);
        let total = self.total_before(index) + notional.wide();
        let open = Open {
            at,
            reservation,
            total,
        };
        if newest {
            self.rows.push_back(open);
            return;
        }
        self.rows.insert(index, open);
        for row in self.rows.iter_mut().skip(index + 1) {
            row.total += notional.wide();
        }
    }

    /// Take back the open of a reservation made at `at`. A row already dropped stays dropped.
    pub(super) fn remove(&mut self, at: TimeNs, reservation: u64) {
        let first = self.rows.partition_point(|row| row.at < at);
        let found = self
            .rows
            .range(first..)
            .position(|row| row.reservation == reservation);
        let Some(index) = found.map(|offset| first + offset) else {
            return;
        };
        let before = self.total_before(index);
        if let Some(gone) = self.rows.remove(index) {
            let amount = gone.total - before;
            for row in self.rows.iter_mut().skip(index) {
                row.total -= amount;
            }
            let amount = i64::try_from(amount).ok().map(UsdE6::new);
            if let Some(Ok(amount)) = amount {
                self.recount(at, amount, false);
            } else {
                self.counts = Counts::default();
            }
        }
    }

    // Between `from` and `until` a row is counted always or never, so one instant decides.
    fn recount(&mut self, at: TimeNs, notional: UsdE6, added: bool) {
        let known = self.counts;
        if known.until <= known.from {
            return;
        }
        self.counts = counted(known, at, notional, added).unwrap_or_default();
    }

    /// What the windows hold now; the rows are read only where that is not known yet.
    ///
    /// # Errors
    /// `Overflow` when a notional or a count does not fit.
    #[inline]
    pub(super) fn counts(&mut self, now: TimeNs) -> Result<Counts, CoreError> {
        if !self.counts.hold(now) {
            self.counts = self.read(now)?;
        }
        Ok(self.counts)
    }

    fn read(&self, now: TimeNs) -> Result<Counts, CoreError> {
        let (today, day) = self.within(Window::UtcDay, now)?;
        let narrow =
            |count| u32::try_from(count).map_err(|_| CoreError::Overflow { what: "opens" });
        let mut until = Window::UtcDay.leaves(now);
        for window in [Window::MINUTE, Window::HOUR] {
            if let Some(head) = self.rows.get(self.first(window, now)) {
                until = until.min(window.leaves(head.at));
            }
        }
        Ok(Counts {
            from: now,
            until,
            hour: self.volume(Window::HOUR, now)?.get(),
            day: day.get(),
            minute: narrow(self.count(Window::MINUTE, now))?,
            today: narrow(today)?,
            all_count: self.rows.front().is_none_or(|row| stays(row.at, now)),
        })
    }

    /// [`Opens::prune`] and [`Opens::add`], once [`Opens::counts`] was asked for the same instant.
    #[inline]
    pub(super) fn add_counted(&mut self, now: TimeNs, notional: UsdE6, reservation: u64) {
        if !self.counts.all_count {
            self.prune(now);
        }
        self.add(now, notional, reservation);
    }

    /// Drop the rows no window can count any more.
    pub(super) fn prune(&mut self, now: TimeNs) {
        while let Some(row) = self.rows.front() {
            if stays(row.at, now) {
                break;
            }
            // What goes counts no more now, but did where the clock was set back since.
            if !self.counts.hold(now) {
                self.counts = Counts::default();
            }
            self.base = row.total;
            self.rows.pop_front();
        }
        self.counts.all_count |= self.counts.hold(now);
    }

    fn total_before(&self, index: usize) -> i128 {
        index
            .checked_sub(1)
            .and_then(|last| self.rows.get(last))
            .map_or(self.base, |row| row.total)
    }

    fn first(&self, window: Window, now: TimeNs) -> usize {
        // Mostly a window holds all of the rows or none, and a search would guess its way there.
        if self
            .rows
            .front()
            .is_none_or(|row| window.counts(row.at, now))
        {
            return 0;
        }
        if self
            .rows
            .back()
            .is_some_and(|row| !window.counts(row.at, now))
        {
            return self.rows.len();
        }
        self.rows.partition_point(|row| !window.counts(row.at, now))
    }

    /// Opens in the window, and the notional opened in it.
    ///
    /// # Errors
    /// `Overflow` when the notional does not fit.
    pub(super) fn within(&self, window: Window, now: TimeNs) -> Result<(i64, UsdE6), CoreError> {
        let first = self.first(window, now);
        let count = i64::try_from(self.rows.len() - first).unwrap_or(i64::MAX);
        let sum = self.total_before(self.rows.len()) - self.total_before(first);
        let sum = i64::try_from(sum).map_err(|_| CoreError::Overflow { what: "volume" })?;
        Ok((count, UsdE6::new(sum)?))
    }

    /// Opens in the window.
    pub(super) fn count(&self, window: Window, now: TimeNs) -> i64 {
        i64::try_from(self.rows.len() - self.first(window, now)).unwrap_or(i64::MAX)
    }

    /// When one more open fits under `limit`, given that it does not now; 0 = never.
    pub(super) fn count_resets(&self, window: Window, limit: i64) -> TimeNs {
        // limit - 1 opens may remain, so the limit-th newest has to leave.
        let leaver = usize::try_from(limit)
            .ok()
            .filter(|&limit| limit > 0)
            .and_then(|limit| self.rows.len().checked_sub(limit))
            .and_then(|index| self.rows.get(index));
        leaver.map_or(TimeNs::ZERO, |row| window.leaves(row.at))
    }

    /// Notional opened in the window.
    ///
    /// # Errors
    /// `Overflow` when it does not fit.
    pub(super) fn volume(&self, window: Window, now: TimeNs) -> Result<UsdE6, CoreError> {
        Ok(self.within(window, now)?.1)
    }

    /// Read what the next open will need: the newest row, and where a search will look.
    #[inline]
    pub(super) fn touch(&self, now: TimeNs) -> i64 {
        let newest = self.rows.back().map_or(0, |row| row.at.get());
        if self.counts.hold(now) {
            return newest;
        }
        let last = self.rows.len().saturating_sub(1);
        [0, last / 4, last / 2, last / 4 * 3]
            .iter()
            .filter_map(|row| self.rows.get(*row))
            .fold(newest, |read, row| read ^ row.at.get())
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        self.rows.capacity() * size_of::<Open>()
    }

    /// When `notional` more fits under `limit`, given that it does not now; 0 = never.
    pub(super) fn volume_resets(
        &self,
        window: Window,
        now: TimeNs,
        notional: UsdE6,
        limit: UsdE6,
    ) -> TimeNs {
        if notional > limit {
            return TimeNs::ZERO;
        }
        // The oldest rows leave first, up to the one whose running sum carries the excess.
        let excess = self.total_before(self.rows.len()) + notional.wide() - limit.wide();
        let first = self.first(window, now);
        let index = self
            .rows
            .partition_point(|row| row.total < excess)
            .max(first);
        self.rows
            .get(index)
            .map_or(TimeNs::ZERO, |row| window.leaves(row.at))
    }
}
