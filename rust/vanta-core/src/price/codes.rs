//! The closed sets of the price book and their published names.

macro_rules! named {
    (
        $(#[$doc:meta])* $name:ident, $names:ident, $count:literal,
        { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)? }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        #[doc = concat!("Published names of [`", stringify!($name), "`], by index.")]
        pub const $names: [&str; $count] = [$($text),+];

        impl $name {
            /// Position in the published list of names.
            #[must_use]
            #[expect(clippy::as_conversions, reason = "a fieldless enum of at most 16 variants")]
            pub const fn index(self) -> u8 {
                self as u8
            }

            /// Published name.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }
    };
}

named!(
    /// How far a quote can be trusted, best first.
    Quality, QUALITIES, 9, {
        /// At least two independent sources agree and the primary is one of them.
        Good = "GOOD",
        /// At least two independent sources agree, without the primary.
        Degraded = "DEGRADED",
        /// The primary alone.
        Single = "SINGLE",
        /// One source that is not the primary, or the fallback while the primary is on probation.
        Fallback = "FALLBACK",
        /// No fresh source; the last known good price is kept for display.
        Stale = "STALE",
        /// Fresh sources disagree and nobody can say who lies.
        Conflict = "CONFLICT",
        /// Outside of the market's session.
        Closed = "CLOSED",
        /// Our own clock is not to be trusted.
        ClockSuspect = "CLOCK_SUSPECT",
        /// No price at all.
        None = "NONE",
    }
);

impl Quality {
    /// Whether the quote carries a price made of fresh sources.
    #[must_use]
    pub const fn has_price(self) -> bool {
        matches!(
            self,
            Self::Good | Self::Degraded | Self::Single | Self::Fallback
        )
    }

    /// Whether at least two independent sources agreed.
    #[must_use]
    pub const fn is_agreed(self) -> bool {
        matches!(self, Self::Good | Self::Degraded)
    }
}

named!(
    /// Answer of an update: accepted, or the first gate that refused it.
    Reject, PRICE_REJECTS, 12, {
        /// Stored.
        Accepted = "ACCEPTED",
        /// Unknown feed, or not a number of at most 30 digits.
        Malformed = "MALFORMED",
        /// Zero or negative after scaling.
        Nonpositive = "NONPOSITIVE",
        /// Outside of the market's absolute bounds.
        OutOfBounds = "OUT_OF_BOUNDS",
        /// The exponent differs from the pinned one.
        ExpoChanged = "EXPO_CHANGED",
        /// Published later than our clock plus the allowed skew.
        Future = "FUTURE",
        /// Same key and value as the last accepted one.
        Duplicate = "DUPLICATE",
        /// Key before the last accepted one.
        OutOfOrder = "OUT_OF_ORDER",
        /// Same key, another value.
        Equivocation = "EQUIVOCATION",
        /// Confidence missing where promised, not positive, or too wide.
        WideConf = "WIDE_CONF",
        /// A jump nobody confirmed yet; held until confirmed.
        Jump = "JUMP",
        /// The source says the session is closed, or does not say.
        Closed = "CLOSED",
    }
);

named!(
    /// State of a market's circuit breaker.
    Breaker, BREAKERS, 3, {
        /// New risk may be taken.
        Closed = "CLOSED",
        /// New risk is blocked.
        Open = "OPEN",
        /// Waiting for a run of good quotes.
        HalfOpen = "HALF_OPEN",
    }
);

named!(
    /// Why a feed did or did not take part in a quote.
    Standing, STANDINGS, 9, {
        /// Fresh and usable.
        Fresh = "FRESH",
        /// Too old, from the future, or never heard.
        Stale = "STALE",
        /// Serving a quarantine.
        Quarantined = "QUARANTINED",
        /// Repeats one value while its peers move.
        Frozen = "FROZEN",
        /// A push feed while the sequencer is down or within its grace period.
        Sequencer = "SEQUENCER",
        /// Its session is closed.
        Closed = "CLOSED",
        /// Fresh, but a fresher feed of its group speaks for both.
        Sibling = "SIBLING",
        /// Fresh, but too far from the others.
        Outlier = "OUTLIER",
        /// Nothing heard for three expected intervals.
        Silent = "SILENT",
    }
);
