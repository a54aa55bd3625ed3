//! One function, event or error of the table, read from its line.

use alloy_dyn_abi::{DynSolType, DynSolValue};
use alloy_primitives::B256;

use super::signature::{Field, Signature};
use crate::error::CoreError;

/// A function, an event or an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Something to call.
    Function,
    /// Something that was logged.
    Event,
    /// Why a call was reverted.
    Error,
}

/// A known function, event or error.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Function, event or error.
    pub kind: Kind,
    /// `name(types)`.
    pub canonical: String,
    /// Names, types, which are indexed.
    pub signature: Signature,
    /// keccak-256 of `canonical`.
    pub hash: B256,
    /// Version of the contracts this shape came with.
    pub version: String,
    /// Whether it rests on third parties.
    pub doubtful: bool,
    inputs: Vec<DynSolType>,
    outputs: Vec<DynSolType>,
    topics: Vec<DynSolType>,
    data: Vec<DynSolType>,
}

impl Entry {
    /// Read a line of the table, in the form [`AbiTable`](super::AbiTable) documents.
    pub(super) fn parse(line: &str) -> Result<Self, CoreError> {
        let unknown = || {
            let shown: String = line.chars().take(60).collect();
            CoreError::abi(
                "signature",
                format!("{shown:?} is no `version function|event|error name(…)`"),
            )
        };
        let (version, rest) = line.trim().split_once(' ').ok_or_else(unknown)?;
        let (kind, text) = rest.trim_start().split_once(' ').ok_or_else(unknown)?;
        let kind = match kind {
            "function" => Kind::Function,
            "event" => Kind::Event,
            "error" => Kind::Error,
            _ => return Err(unknown()),
        };
        let signature = Signature::parse(text)?;
        let kinds = |fields: &[Field]| fields.iter().map(|f| f.kind.clone()).collect();
        let (topics, data) = parts(&signature.inputs);
        let known = version.trim_end_matches('?');
        let entry = Self {
            kind,
            canonical: signature.canonical(),
            hash: signature.hash(),
            version: known.to_owned(),
            doubtful: known != version,
            inputs: kinds(&signature.inputs),
            outputs: kinds(&signature.outputs),
            topics,
            data,
            signature,
        };
        if entry.indexed() > 3 || (kind != Kind::Event && entry.indexed() > 0) {
            let reason = format!("{} indexes {}", entry.canonical, entry.indexed());
            return Err(CoreError::abi("signature", reason));
        }
        Ok(entry)
    }

    /// First four bytes of a call, or of the data of a revert.
    #[must_use]
    pub fn selector(&self) -> [u8; 4] {
        let [a, b, c, d, ..] = self.hash.0;
        [a, b, c, d]
    }

    /// How many parameters of the event are topics.
    #[must_use]
    pub fn indexed(&self) -> usize {
        self.topics.len()
    }

    /// Whether bytes for the one are bytes for the other.
    pub(super) fn replaces(&self, other: &Self) -> bool {
        self.kind == other.kind
            && match self.kind {
                Kind::Function | Kind::Error => self.selector() == other.selector(),
                Kind::Event => self.hash == other.hash && self.indexed() == other.indexed(),
            }
    }

    /// Types of the arguments, or of the fields of the event or error.
    #[must_use]
    pub fn inputs(&self) -> &[DynSolType] {
        &self.inputs
    }

    /// Types of what the function returns.
    #[must_use]
    pub fn outputs(&self) -> &[DynSolType] {
        &self.outputs
    }

    /// What the topics after the first hold.
    #[must_use]
    pub fn topics(&self) -> &[DynSolType] {
        &self.topics
    }

    /// Types of what the data of a log holds.
    #[must_use]
    pub fn data(&self) -> &[DynSolType] {
        &self.data
    }

    /// Selector and arguments.
    ///
    /// # Errors
    /// As [`encode`](super::encode).
    pub fn encode_call(&self, args: Vec<DynSolValue>) -> Result<Vec<u8>, CoreError> {
        let mut call = self.selector().to_vec();
        call.append(&mut super::encode(&self.inputs, args)?);
        Ok(call)
    }
}

/// Types of an event's topics and of its data. A topic holds the word of a plain value, and the hash
/// of anything larger.
fn parts(fields: &[Field]) -> (Vec<DynSolType>, Vec<DynSolType>) {
    let (topics, data): (Vec<&Field>, Vec<&Field>) = fields.iter().partition(|f| f.indexed);
    let topic = |field: &&Field| match &field.kind {
        DynSolType::Bytes
        | DynSolType::String
        | DynSolType::Array(_)
        | DynSolType::FixedArray(..)
        | DynSolType::Tuple(_) => DynSolType::FixedBytes(32),
        plain => plain.clone(),
    };
    let whole = data.iter().map(|field| field.kind.clone()).collect();
    (topics.iter().map(topic).collect(), whole)
}
