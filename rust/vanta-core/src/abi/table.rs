//! Which functions, events and errors are known, and under which names.
//!
//! The venue changed its contracts once already and has not published all of what changed, so what
//! is known is data: the lines of `venue.abi`, and those of a configuration after them. A line is
//!
//! ```text
//! v2  event TpUpdated(address indexed trader, uint256 pairIndex, uint256 newTp)
//! v2? function openTradeWithCoinExposure(…) payable returns (uint256 orderId)
//! v2  error InvalidNonce()
//! ```
//!
//! The first word says with which version of the contracts the shape came, `?` that it rests on
//! third parties. A later line replaces an earlier one with the same selector, or with the same
//! topic and as many indexed parameters (other order or names of fields, same types).

use std::collections::HashMap;

use alloy_dyn_abi::DynSolValue;
use alloy_primitives::B256;

use super::entry::{Entry, Kind};
use super::signature::Signature;
use crate::error::CoreError;

const VENUE: &str = include_str!("venue.abi");
/// `$Name` in `venue.abi` stands for the fields of a struct of the contracts.
const STRUCT: &str = "struct ";

/// The known functions, events and errors.
#[derive(Debug, Clone)]
pub struct AbiTable {
    entries: Vec<Entry>,
    selectors: HashMap<[u8; 4], usize>,
    errors: HashMap<[u8; 4], usize>,
    /// By topic and number of indexed parameters.
    topics: HashMap<(B256, usize), usize>,
    /// By name and by canonical text: overloads share a name.
    names: HashMap<(Kind, String), Vec<usize>>,
}

impl AbiTable {
    /// The venue's functions, events and errors, and those of `lines` after them.
    ///
    /// # Errors
    /// `Abi` for a line that cannot be read.
    pub fn new<'a>(lines: impl IntoIterator<Item = &'a str>) -> Result<Self, CoreError> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut places = HashMap::new();
        let own = venue();
        let all = own.iter().map(|line| Entry::parse(line));
        for entry in all.chain(lines.into_iter().map(Entry::parse)) {
            let entry = entry?;
            // Only what shares a hash or a selector can replace: a scan of all would be quadratic.
            let key = (entry.kind, entry.selector());
            let place = places.entry(key).or_insert_with(Vec::new);
            let known = place.iter().copied().find(|&index: &usize| {
                entries
                    .get(index)
                    .is_some_and(|known| entry.replaces(known))
            });
            if let Some(known) = known.and_then(|index| entries.get_mut(index)) {
                *known = entry;
            } else {
                place.push(entries.len());
                entries.push(entry);
            }
        }
        Ok(Self::indexed(entries))
    }

    fn indexed(entries: Vec<Entry>) -> Self {
        let mut table = Self {
            selectors: HashMap::new(),
            errors: HashMap::new(),
            topics: HashMap::new(),
            names: HashMap::new(),
            entries: Vec::new(),
        };
        for (index, entry) in entries.iter().enumerate() {
            match entry.kind {
                Kind::Function => table.selectors.insert(entry.selector(), index),
                Kind::Event => table.topics.insert((entry.hash, entry.indexed()), index),
                Kind::Error => table.errors.insert(entry.selector(), index),
            };
            for name in [&entry.signature.name, &entry.canonical] {
                let named = table.names.entry((entry.kind, name.clone()));
                named.or_default().push(index);
            }
        }
        table.entries = entries;
        table
    }

    /// All that is known, in the order of the lines.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The one function, event or error of that name or signature.
    ///
    /// # Errors
    /// `Abi` when there is none, and for a name that overloads share.
    pub fn find(&self, kind: Kind, text: &str) -> Result<&Entry, CoreError> {
        let mut found = self.named(kind, text);
        if found.is_none() && text.contains('(') {
            found = self.named(kind, &Signature::parse(text)?.canonical());
        }
        match found {
            Some([index]) => self.entries.get(*index),
            Some(several) => {
                let entries = several.iter().filter_map(|&index| self.entries.get(index));
                let names: Vec<_> = entries.map(|entry| entry.canonical.as_str()).collect();
                let reason = format!("is one of {}: say which", names.join(", "));
                return Err(CoreError::abi("name", reason));
            }
            None => None,
        }
        .ok_or_else(|| {
            let shown: String = text.chars().take(60).collect();
            CoreError::abi("name", format!("{shown:?} is not in the table"))
        })
    }

    fn named(&self, kind: Kind, text: &str) -> Option<&[usize]> {
        self.names.get(&(kind, text.to_owned())).map(Vec::as_slice)
    }

    /// The function that calldata begins with.
    #[must_use]
    pub fn function_of(&self, calldata: &[u8]) -> Option<&Entry> {
        let index = self.selectors.get(calldata.first_chunk::<4>()?)?;
        self.entries.get(*index)
    }

    /// The error that the data of a revert begins with.
    #[must_use]
    pub fn error_of(&self, data: &[u8]) -> Option<&Entry> {
        let index = self.errors.get(data.first_chunk::<4>()?)?;
        self.entries.get(*index)
    }

    /// The event that topics belong to.
    #[must_use]
    pub fn event_of(&self, topics: &[B256]) -> Option<&Entry> {
        let (hash, others) = topics.split_first()?;
        let index = self.topics.get(&(*hash, others.len()))?;
        self.entries.get(*index)
    }

    /// Calldata of the function of that name or signature.
    ///
    /// # Errors
    /// As [`AbiTable::find`] and [`encode`](super::encode).
    pub fn encode_call(&self, text: &str, args: Vec<DynSolValue>) -> Result<Vec<u8>, CoreError> {
        let function = self.find(Kind::Function, text)?;
        function.encode_call(args)
    }

    /// The function that calldata calls, and its arguments; `None` for an unknown selector.
    ///
    /// # Errors
    /// As [`decode`](super::decode): a mark after the arguments must be split off before.
    pub fn decode_call(
        &self,
        calldata: &[u8],
    ) -> Result<Option<(&Entry, Vec<DynSolValue>)>, CoreError> {
        let Some(function) = self.function_of(calldata) else {
            return Ok(None);
        };
        let data = calldata.get(4..).unwrap_or_default();
        let args = super::decode(function.inputs(), data)?;
        Ok(Some((function, args)))
    }
}

/// The lines of `venue.abi` with its structs written out.
fn venue() -> Vec<String> {
    let mut structs: Vec<(String, String)> = Vec::new();
    let mut lines = Vec::new();
    for line in VENUE.lines().map(str::trim) {
        let mut line = line.to_owned();
        for (name, fields) in &structs {
            line = line.replace(name, fields);
        }
        if let Some((name, fields)) = line.strip_prefix(STRUCT).and_then(|s| s.split_once(' ')) {
            structs.push((format!("${name}"), fields.to_owned()));
        } else if !line.is_empty() && !line.starts_with('#') {
            lines.push(line);
        }
    }
    lines
}
