//! Kinds of triggers: which way each looks, and where its arguments put it.

use crate::error::CoreError;
use crate::margin::Side;
use crate::units::{MarketIx, PriceE10};

/// Published names of [`TriggerKind`], by index.
pub const TRIGGER_KINDS: [&str; 6] = [
    "TAKE_PROFIT",
    "STOP_LOSS",
    "LIMIT",
    "TRAILING",
    "BREAK_EVEN",
    "BUFFER",
];

/// What a trigger is for; the module's table says when each fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum TriggerKind {
    /// Close with a gain.
    TakeProfit,
    /// Close before more is lost.
    StopLoss,
    /// Open at a price at least as good.
    Limit,
    /// Close when the price has come back from its best by a distance.
    Trailing,
    /// Close at entry once the price had been far enough away.
    BreakEven,
    /// Close before the venue liquidates.
    Buffer,
}

impl TriggerKind {
    const ALL: [Self; 6] = [
        Self::TakeProfit,
        Self::StopLoss,
        Self::Limit,
        Self::Trailing,
        Self::BreakEven,
        Self::Buffer,
    ];

    /// Position in [`TRIGGER_KINDS`].
    #[must_use]
    #[expect(clippy::as_conversions, reason = "a fieldless enum of six variants")]
    pub const fn index(self) -> u8 {
        self as u8
    }

    /// The kind at a position in [`TRIGGER_KINDS`].
    ///
    /// # Errors
    /// `OutOfRange` for a position beyond the list.
    pub fn from_index(index: u16) -> Result<Self, CoreError> {
        let found = Self::ALL.get(usize::from(index)).copied();
        found.ok_or(CoreError::OutOfRange {
            name: "kind",
            value: i128::from(index),
            min: 0,
            max: 5,
        })
    }

    /// Published name.
    #[must_use]
    pub fn name(self) -> &'static str {
        TRIGGER_KINDS
            .get(usize::from(self.index()))
            .copied()
            .unwrap_or_default()
    }

    /// The lane it fires in.
    pub(super) fn lane(self, side: Side) -> Lane {
        if (self == Self::TakeProfit) == side.is_long() {
            Lane::Above
        } else {
            Lane::Below
        }
    }
}

/// Whether a trigger fires at or above, or at or below its level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    Above,
    Below,
}

impl Lane {
    /// The price in the lane's own direction, where all fire at `x >= key`.
    pub(super) fn x(self, price: PriceE10) -> i64 {
        match self {
            Self::Above => price.get(),
            Self::Below => -price.get(),
        }
    }

    /// The price of a key; none for one that no price reaches.
    pub(super) fn level(self, key: i64) -> Option<PriceE10> {
        let raw = match self {
            Self::Above => Some(key),
            Self::Below => key.checked_neg(),
        };
        raw.and_then(|raw| PriceE10::new(raw).ok())
    }

    /// 0 or 1.
    pub(super) fn number(self) -> u8 {
        u8::from(self == Self::Below)
    }

    pub(super) fn from_number(number: u8) -> Self {
        if number == 0 {
            Self::Above
        } else {
            Self::Below
        }
    }
}

/// What is to be armed; the module's table says what the numbers mean for each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arming {
    /// Key of the trigger, any integer.
    pub id: i64,
    /// Its version; arming a live id again needs a higher one.
    pub version: u32,
    /// Market whose prices it hears.
    pub market: MarketIx,
    /// What it is for.
    pub kind: TriggerKind,
    /// Side of the position it closes or opens.
    pub side: Side,
    /// Level, first watermark, or entry.
    pub level: PriceE10,
    /// Trailing distance or activation distance; 0 for the others.
    pub distance: PriceE10,
    /// Where break-even closes, from entry, positive = in gain; 0 for the others.
    pub offset: i64,
}

/// Where a trigger starts, in the direction of its lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// Fires at `x >= key`.
    Level { key: i64 },
    /// Fires at `x >= mark + distance`; `x < mark` becomes the mark.
    Trail { mark: i64, distance: i64 },
    /// Becomes `Level { key }` at `x <= at`.
    Rest { at: i64, key: i64 },
}

impl Arming {
    /// Where this trigger starts.
    ///
    /// # Errors
    /// `Invalid` for numbers that do not belong to the kind, `Overflow` when a derived level does
    /// not fit a price.
    pub(super) fn start(&self) -> Result<Start, CoreError> {
        let distance = self.distance.get();
        if self.kind != TriggerKind::BreakEven && self.offset != 0 {
            return Err(self.wrong("offset_e10", self.offset, "must be 0"));
        }
        let x = self.kind.lane(self.side).x(self.level);
        match self.kind {
            TriggerKind::Trailing => {
                self.distance_above_zero()?;
                // The mark only falls, so what fits now always will.
                x.checked_add(distance).ok_or(CoreError::Overflow {
                    what: "level_e10 + distance_e10",
                })?;
                Ok(Start::Trail { mark: x, distance })
            }
            TriggerKind::BreakEven => self.rest(x),
            _ if distance != 0 => Err(self.wrong("distance_e10", distance, "must be 0")),
            _ => Ok(Start::Level { key: x }),
        }
    }

    fn rest(&self, entry: i64) -> Result<Start, CoreError> {
        self.distance_above_zero()?;
        let distance = self.distance.get();
        if self.offset >= distance {
            // It would fire on the very price that activates it.
            let reason = format!("{} must be below distance_e10 {distance}", self.offset);
            return Err(CoreError::invalid("offset_e10", reason));
        }
        let lane = self.kind.lane(self.side);
        let price = |name: &'static str, away: i64| {
            let key = entry.checked_sub(away);
            key.filter(|key| lane.level(*key).is_some())
                .ok_or(CoreError::Overflow { what: name })
        };
        let at = price("activation (level_e10 and distance_e10)", distance)?;
        if at == 0 {
            let reason = format!("{distance} activates at price 0, which no quote has");
            return Err(CoreError::invalid("distance_e10", reason));
        }
        let key = price("stop (level_e10 and offset_e10)", self.offset)?;
        Ok(Start::Rest { at, key })
    }

    fn distance_above_zero(&self) -> Result<(), CoreError> {
        if self.distance == PriceE10::ZERO {
            return Err(self.wrong("distance_e10", 0, "must be above 0"));
        }
        Ok(())
    }

    fn wrong(&self, name: &'static str, value: i64, rule: &str) -> CoreError {
        CoreError::invalid(name, format!("{value} {rule} for {}", self.kind.name()))
    }
}
