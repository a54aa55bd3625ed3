//! Types and signatures as people write them: `event E(address indexed a, (uint256 x, bool y) t)`.
//!
//! Names inside of a tuple are kept, which is what turns a decoded trade into named fields. Text may
//! come from a configuration file, so nesting is bounded and a type without size (`T[0]`, `()`) is
//! refused: it would let a claimed length cost nothing.

use alloy_dyn_abi::DynSolType;
use alloy_primitives::{B256, keccak256};

use crate::error::CoreError;

const MAX_TEXT: usize = 16 * 1024;
const MAX_DEPTH: usize = 32;
/// Words that may stand between a type and its name and say nothing about the encoding.
const PLACES: [&str; 4] = ["memory", "calldata", "storage", "payable"];
const AFTER: [&str; 8] = [
    "external",
    "public",
    "view",
    "pure",
    "payable",
    "nonpayable",
    "virtual",
    "override",
];

/// A parameter: its type, its name (empty = none) and those of a tuple's components.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Name, empty when the text has none.
    pub name: String,
    /// Whether it is a topic of its event.
    pub indexed: bool,
    /// Type.
    pub kind: DynSolType,
    /// Components of the tuple, or of the tuple an array is made of.
    pub components: Vec<Field>,
}

/// A name with its parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Signature {
    /// Name of the function or event.
    pub name: String,
    /// Arguments.
    pub inputs: Vec<Field>,
    /// Returned values; empty for an event.
    pub outputs: Vec<Field>,
}

impl Signature {
    /// Read `name(parameters)`, with or without names, modifiers and `returns (parameters)`.
    ///
    /// # Errors
    /// `Abi` when the text is not that.
    pub fn parse(text: &str) -> Result<Self, CoreError> {
        let mut reader = Reader::new("signature", text)?;
        let name = reader.name()?;
        let inputs = reader.fields()?;
        let mut outputs = Vec::new();
        while !reader.rest.is_empty() {
            let word = reader.name()?;
            if word == "returns" {
                outputs = reader.fields()?;
            } else if !AFTER.contains(&word.as_str()) {
                return Err(reader.error(&format!("does not end after {word:?}")));
            }
        }
        Ok(Self {
            name,
            inputs,
            outputs,
        })
    }

    /// The text that is hashed: `name(types)`, no names and no spaces.
    #[must_use]
    pub fn canonical(&self) -> String {
        format!(
            "{}{}",
            self.name,
            tuple_text(self.inputs.iter().map(|f| &f.kind))
        )
    }

    /// keccak-256 of [`Signature::canonical`]: an event's topic, and a function's first four bytes.
    #[must_use]
    pub fn hash(&self) -> B256 {
        keccak256(self.canonical())
    }

    /// Selector of the function.
    #[must_use]
    pub fn selector(&self) -> [u8; 4] {
        let [a, b, c, d, ..] = self.hash().0;
        [a, b, c, d]
    }
}

/// A type as Solidity writes it: `uint256`, `(address,bytes)[]`, `bytes32[2][]`.
///
/// # Errors
/// `Abi` when the text is no such type, or nests deeper than 32.
pub fn parse_type(text: &str) -> Result<DynSolType, CoreError> {
    let mut reader = Reader::new("type", text)?;
    let (kind, _) = reader.kind(0)?;
    if reader.rest.is_empty() {
        Ok(kind)
    } else {
        Err(reader.error("goes on after its end"))
    }
}

/// The type as it is hashed. (Its own `Display` writes a tuple of one as `(bool,)`.)
#[must_use]
pub fn type_text(kind: &DynSolType) -> String {
    match kind {
        DynSolType::Array(element) => format!("{}[]", type_text(element)),
        DynSolType::FixedArray(element, length) => format!("{}[{length}]", type_text(element)),
        DynSolType::Tuple(kinds) => tuple_text(kinds.iter()),
        leaf => leaf.to_string(),
    }
}

fn tuple_text<'a>(kinds: impl Iterator<Item = &'a DynSolType>) -> String {
    let texts: Vec<_> = kinds.map(type_text).collect();
    format!("({})", texts.join(","))
}

struct Reader<'a> {
    what: &'static str,
    text: &'a str,
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn new(what: &'static str, text: &'a str) -> Result<Self, CoreError> {
        if text.len() > MAX_TEXT {
            let reason = format!("has {} characters, at most {MAX_TEXT}", text.len());
            return Err(CoreError::abi(what, reason));
        }
        let rest = text.trim();
        Ok(Self { what, text, rest })
    }

    fn error(&self, reason: &str) -> CoreError {
        let shown: String = self.text.chars().take(60).collect();
        let at = self.text.len().saturating_sub(self.rest.len());
        CoreError::abi(self.what, format!("{shown:?} {reason} (byte {at})"))
    }

    fn skip(&mut self, mark: char) -> bool {
        match self.rest.strip_prefix(mark) {
            Some(rest) => {
                self.rest = rest.trim_start();
                true
            }
            None => false,
        }
    }

    /// The name or word at this point, empty when there is none.
    fn word(&mut self) -> &'a str {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at_checked(end).unwrap_or_default();
        self.rest = rest.trim_start();
        word
    }

    fn name(&mut self) -> Result<String, CoreError> {
        let word = self.word();
        if word.is_empty() || word.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(self.error("has no name where one belongs"));
        }
        Ok(word.to_owned())
    }

    fn fields(&mut self) -> Result<Vec<Field>, CoreError> {
        if self.skip('(') {
            self.fields_inside(0)
        } else {
            Err(self.error("has no ( where one belongs"))
        }
    }

    /// Parameters up to the closing parenthesis, the opening one being read.
    fn fields_inside(&mut self, depth: usize) -> Result<Vec<Field>, CoreError> {
        let mut fields = Vec::new();
        if self.skip(')') {
            return Ok(fields);
        }
        loop {
            fields.push(self.field(depth)?);
            if self.skip(')') {
                return Ok(fields);
            }
            if !self.skip(',') {
                return Err(self.error("has neither , nor ) after a parameter"));
            }
        }
    }

    fn field(&mut self, depth: usize) -> Result<Field, CoreError> {
        let (kind, components) = self.kind(depth)?;
        let mut indexed = false;
        let mut name = self.word();
        while name == "indexed" || PLACES.contains(&name) {
            indexed |= name == "indexed";
            name = self.word();
        }
        if indexed && depth > 0 {
            return Err(self.error("indexes a component of a tuple"));
        }
        Ok(Field {
            name: name.to_owned(),
            indexed,
            kind,
            components,
        })
    }

    fn kind(&mut self, depth: usize) -> Result<(DynSolType, Vec<Field>), CoreError> {
        if depth > MAX_DEPTH {
            return Err(self.error("nests too deeply"));
        }
        let word = self.word();
        let (mut kind, components) = if (word.is_empty() || word == "tuple") && self.skip('(') {
            let components = self.fields_inside(depth + 1)?;
            if components.is_empty() {
                return Err(self.error("has an empty tuple"));
            }
            let kinds = components.iter().map(|f| f.kind.clone()).collect();
            (DynSolType::Tuple(kinds), components)
        } else {
            let leaf = leaf(word).ok_or_else(|| self.error("has no known type where one belongs"));
            (leaf?, Vec::new())
        };
        let mut levels = 0;
        while self.skip('[') {
            levels += 1;
            if levels > MAX_DEPTH {
                return Err(self.error("nests too deeply"));
            }
            let length = self.word();
            if !self.skip(']') {
                return Err(self.error("has no ] where one belongs"));
            }
            kind = if length.is_empty() {
                DynSolType::Array(Box::new(kind))
            } else {
                match decimal(length) {
                    Some(length) if length > 0 => DynSolType::FixedArray(Box::new(kind), length),
                    _ => return Err(self.error("has an array length that is no positive number")),
                }
            };
        }
        if depth == 0 && kind.nesting_depth() > MAX_DEPTH {
            return Err(self.error("nests too deeply"));
        }
        Ok((kind, components))
    }
}

fn leaf(word: &str) -> Option<DynSolType> {
    let bits = |digits: &str| match digits {
        "" => Some(256),
        _ => decimal(digits).filter(|bits| bits % 8 == 0 && (8..=256).contains(bits)),
    };
    match word {
        "address" => Some(DynSolType::Address),
        "bool" => Some(DynSolType::Bool),
        "string" => Some(DynSolType::String),
        "bytes" => Some(DynSolType::Bytes),
        "function" => Some(DynSolType::Function),
        _ => {
            if let Some(digits) = word.strip_prefix("uint") {
                bits(digits).map(DynSolType::Uint)
            } else if let Some(digits) = word.strip_prefix("int") {
                bits(digits).map(DynSolType::Int)
            } else {
                let size = decimal(word.strip_prefix("bytes")?)?;
                (1..=32)
                    .contains(&size)
                    .then_some(DynSolType::FixedBytes(size))
            }
        }
    }
}

/// Digits without sign and leading zero: `uint08` is not `uint8`.
fn decimal(digits: &str) -> Option<usize> {
    let plain = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
    if plain { digits.parse().ok() } else { None }
}
