//! An intent: values in the order of its type, as words that are hashed and as bytes that are sent.
//!
//! Every value but text is one word, the same in the hash and in the ABI bytes, so both are cut from
//! one list of words.

use std::slice;

use alloy_primitives::{Address, B256, I256, U256, keccak256};

use super::Domain;
use super::schema::{FieldType, StructType};
use crate::CoreError;
use crate::ecdsa::{Curve, Signature};
use crate::keyring::Key;

/// Longest text in an intent, in bytes; the venue's longest, its terms, has 251.
pub const MAX_TEXT: usize = 4096;

/// Words of the longest intent, a coin-sized open.
const MOST_WORDS: usize = 18;

/// A value of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// For `address`.
    Address(Address),
    /// For `bool`.
    Bool(bool),
    /// For `uint8` and `uint256`.
    Uint(U256),
    /// For `int256`.
    Int(I256),
    /// For `bytes32`.
    Word(B256),
    /// For `string`.
    Text(String),
}

/// An intent whose values fit their types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    kind: &'static StructType,
    /// One a value, nested structs laid flat; for the text its hash.
    words: Vec<B256>,
    text: Option<String>,
}

/// What is sent for an intent, and the digest that was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIntent {
    /// What the signature covers.
    pub digest: B256,
    /// The venue's `userIntent`.
    pub bytes: Vec<u8>,
    /// The trader's or a delegate's.
    pub signature: Signature,
}

impl Intent {
    /// An intent of all its values in the order of the type, nested structs laid flat.
    ///
    /// # Errors
    /// [`CoreError::Invalid`] naming the field whose value is missing, of another type or outside of
    /// its range, or `values` when there are too many.
    pub fn new(
        kind: &'static StructType,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Self, CoreError> {
        let mut intent = Self {
            kind,
            words: Vec::with_capacity(MOST_WORDS),
            text: None,
        };
        let mut values = values.into_iter();
        intent.take(kind, &mut values)?;
        match values.next() {
            None => Ok(intent),
            Some(_) => Err(CoreError::invalid("values", "are more than the fields")),
        }
    }

    fn take(
        &mut self,
        kind: &'static StructType,
        values: &mut impl Iterator<Item = Value>,
    ) -> Result<(), CoreError> {
        for field in kind.fields {
            if let FieldType::Struct(inner) = field.kind {
                self.take(inner, values)?;
            } else {
                let value = values
                    .next()
                    .ok_or_else(|| CoreError::invalid(field.name, "is missing"))?;
                self.push(field.name, field.kind, value)?;
            }
        }
        Ok(())
    }

    /// Append the value of the field `name`.
    fn push(&mut self, name: &'static str, kind: FieldType, value: Value) -> Result<(), CoreError> {
        let word = match (kind, value) {
            (FieldType::Address, Value::Address(address)) => address.into_word(),
            (FieldType::Bool, Value::Bool(flag)) => B256::with_last_byte(u8::from(flag)),
            (FieldType::Uint8, Value::Uint(number)) => {
                let small = u8::try_from(number).map_err(|_| {
                    CoreError::invalid(name, format!("{number} is outside of 0..=255"))
                })?;
                B256::with_last_byte(small)
            }
            (FieldType::Uint256, Value::Uint(number)) => B256::from(number),
            (FieldType::Int256, Value::Int(number)) => B256::from(number.into_raw()),
            (FieldType::Bytes32, Value::Word(word)) => word,
            (FieldType::Text, Value::Text(text)) => {
                if text.len() > MAX_TEXT {
                    let reason = format!("has {} bytes, at most {MAX_TEXT}", text.len());
                    return Err(CoreError::invalid(name, reason));
                }
                let hash = keccak256(&text);
                self.text = Some(text);
                hash
            }
            (kind, _) => {
                let reason = format!("is no {}", kind.solidity());
                return Err(CoreError::invalid(name, reason));
            }
        };
        self.words.push(word);
        Ok(())
    }

    /// `hashStruct` of EIP-712: keccak of the type hash and the words, a nested struct by its hash.
    #[must_use]
    pub fn struct_hash(&self) -> B256 {
        hash_struct(self.kind, &mut self.words.iter())
    }

    /// Sign the intent's digest in `domain`.
    ///
    /// # Errors
    /// As [`Key::sign`].
    pub fn sign(
        &self,
        domain: &Domain,
        key: &Key,
        curve: &Curve,
    ) -> Result<SignedIntent, CoreError> {
        let digest = domain.digest(self.struct_hash());
        Ok(SignedIntent {
            digest,
            bytes: self.abi_bytes(),
            signature: key.sign(curve, digest)?,
        })
    }

    /// `abi.encode` of the struct as one tuple, the venue's `userIntent`: the words in the order of
    /// the contract's struct; with a text inside, an offset before and the text behind them.
    #[must_use]
    pub fn abi_bytes(&self) -> Vec<u8> {
        let Some(text) = &self.text else {
            return self.words.concat();
        };
        let head = 32 * self.words.len();
        let mut bytes = Vec::with_capacity(96 + head + text.len());
        bytes.extend(word_of(32));
        let in_order = |place: usize| match self.kind.abi_order {
            Some(order) => order.get(place).copied().unwrap_or(place),
            None => place,
        };
        for place in (0..self.words.len()).map(in_order) {
            match (self.kind.fields.get(place), self.words.get(place)) {
                (Some(field), _) if matches!(field.kind, FieldType::Text) => {
                    bytes.extend(word_of(head));
                }
                (_, word) => bytes.extend(word.copied().unwrap_or_default()),
            }
        }
        bytes.extend(word_of(text.len()));
        bytes.extend(text.as_bytes());
        bytes.resize(bytes.len().next_multiple_of(32), 0);
        bytes
    }
}

fn hash_struct(kind: &StructType, words: &mut slice::Iter<'_, B256>) -> B256 {
    let mut data = Vec::with_capacity(32 * (kind.fields.len() + 1));
    data.extend(kind.type_hash);
    for field in kind.fields {
        let word = match field.kind {
            FieldType::Struct(inner) => hash_struct(inner, words),
            _ => words.next().copied().unwrap_or_default(),
        };
        data.extend(word);
    }
    keccak256(data)
}

fn word_of(length: usize) -> B256 {
    B256::from(U256::from(length))
}
