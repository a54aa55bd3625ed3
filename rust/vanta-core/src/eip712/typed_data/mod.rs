//! Typed data of anyone, from its JSON: types, domain, primary type and message.
//!
//! JSON is read by the types it declares, never into numbers of its own, so that no digit is lost,
//! and whatever is not signed is refused: a field no type declares, a name given twice, a spelling
//! with more than one meaning. Names, texts and nesting are bounded; the error says where.

mod json;
mod types;
mod values;

use alloy_primitives::{B256, keccak256};
use serde_json::value::RawValue;

use self::json::members;
use self::types::Types;
use crate::CoreError;

/// Longest JSON, in bytes.
pub const MAX_JSON: usize = 1 << 20;

/// Deepest nesting of structs and arrays in a message.
pub const MAX_DEPTH: usize = 32;

const DOMAIN: &str = "EIP712Domain";

/// Why not, and where; the place grows from the inside.
type Refused<T> = Result<T, String>;

/// Typed data, hashed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypedData {
    /// Hash of the domain.
    pub separator: B256,
    /// Type hash and words of the message; their hash is the struct hash.
    pub encoded: Vec<u8>,
}

impl TypedData {
    /// Read and hash `{"types": …, "domain": …, "primaryType": …, "message": …}`.
    ///
    /// The domain holds any of its five fields; `EIP712Domain` may be left out of the types and
    /// otherwise gives their order. Integers are JSON integers or text in decimal or hex; bytes are
    /// hex text; an address in mixed case must have its checksum; a struct may be null, which ends a
    /// type that holds itself.
    ///
    /// # Errors
    /// [`CoreError::Invalid`] naming the place of what cannot be signed as it stands.
    pub fn read(json: &str) -> Result<Self, CoreError> {
        if json.len() > MAX_JSON {
            let reason = format!("has {} bytes, at most {MAX_JSON}", json.len());
            return Err(CoreError::invalid("data", reason));
        }
        Self::of(json).map_err(|reason| {
            let shown: String = reason.chars().take(160).collect();
            CoreError::invalid("data", shown)
        })
    }

    fn of(json: &str) -> Refused<Self> {
        let text: &RawValue = serde_json::from_str(json).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            format!("is not JSON at line {line} column {column}")
        })?;
        let mut parts = members(text).map_err(|reason| format!("{reason} at the top"))?;
        let mut part = |name: &str| parts.remove(name).ok_or_else(|| format!("lacks {name}"));
        let (types, domain) = (part("types")?, part("domain")?);
        let (primary, message) = (part("primaryType")?, part("message")?);
        if let Some(name) = parts.into_keys().next() {
            return Err(format!("has the unknown part {}", start(&name)));
        }
        let primary: String = serde_json::from_str(primary.get())
            .map_err(|_| String::from("primaryType is no text"))?;
        let given = members(domain).map_err(|reason| format!("domain {reason}"))?;
        let types = Types::read(types, &given).map_err(|reason| format!("types{reason}"))?;
        if primary == DOMAIN {
            return Err(String::from(
                "primaryType is the domain, which is no message",
            ));
        }
        let separator = types
            .encode(DOMAIN, domain, 0)
            .map_err(|reason| format!("domain{reason}"))?;
        let encoded = types
            .encode(&primary, message, 0)
            .map_err(|reason| format!("message{reason}"))?;
        Ok(Self {
            separator: keccak256(separator),
            encoded,
        })
    }

    /// What is signed.
    #[must_use]
    pub fn digest(&self) -> B256 {
        super::digest(self.separator, keccak256(&self.encoded))
    }
}

/// Foreign text inside of our own stays short and on its line.
fn start(text: &str) -> String {
    text.chars().take(40).flat_map(char::escape_debug).collect()
}
