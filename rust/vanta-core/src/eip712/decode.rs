//! Intent bytes back to values, so that an intent somebody else built can be compared.
//!
//! Only the one canonical spelling is read: whatever re-encodes to other bytes is refused, since the
//! contract could read it differently than the hash says.

use alloy_primitives::{Address, B256, I256, U256};

use super::intent::{Intent, Value};
use super::schema::{FieldType, StructType};
use crate::CoreError;

impl Intent {
    /// The values of intent bytes, in the order of the type, nested structs laid flat.
    ///
    /// # Errors
    /// [`CoreError::Abi`] unless `data` is exactly what [`Intent::abi_bytes`] makes of the values.
    pub fn decode(kind: &'static StructType, data: &[u8]) -> Result<Vec<Value>, CoreError> {
        let wrong = |reason: &str| CoreError::abi(kind.name, reason);
        let (words, rest) = data.as_chunks::<32>();
        if !rest.is_empty() {
            return Err(wrong("bytes are no whole words"));
        }
        let has_text = kind
            .fields
            .iter()
            .any(|field| matches!(field.kind, FieldType::Text));
        let head = words.get(usize::from(has_text)..).unwrap_or_default();
        let mut values = Vec::with_capacity(head.len());
        read(kind, head, &mut 0, &mut values).map_err(|error| wrong(&error.to_string()))?;
        let intent =
            Intent::new(kind, values.iter().cloned()).map_err(|error| wrong(&error.to_string()))?;
        if intent.abi_bytes() == data {
            Ok(values)
        } else {
            Err(wrong("bytes are not in their canonical form"))
        }
    }
}

fn read(
    kind: &'static StructType,
    words: &[[u8; 32]],
    next: &mut usize,
    values: &mut Vec<Value>,
) -> Result<(), CoreError> {
    for (place, field) in kind.fields.iter().enumerate() {
        if let FieldType::Struct(inner) = field.kind {
            read(inner, words, next, values)?;
            continue;
        }
        // An order of its own is only that of a type without nested structs: places are words.
        let at = kind
            .abi_order
            .and_then(|order| order.iter().position(|&original| original == place))
            .unwrap_or(*next);
        *next += 1;
        let word = words
            .get(at)
            .map(|word| B256::new(*word))
            .ok_or_else(|| CoreError::abi(field.name, "is behind the end of the bytes"))?;
        let number = U256::from_be_bytes(word.0);
        values.push(match field.kind {
            FieldType::Address => Value::Address(Address::from_word(word)),
            FieldType::Bool => Value::Bool(!word.is_zero()),
            FieldType::Uint8 => Value::Uint(U256::from(word.0[31])),
            FieldType::Uint256 => Value::Uint(number),
            FieldType::Int256 => Value::Int(I256::from_raw(number)),
            FieldType::Bytes32 => Value::Word(word),
            FieldType::Text | FieldType::Struct(_) => Value::Text(text(words, kind.fields.len())?),
        });
    }
    Ok(())
}

/// The text behind a head of so many words: its length, then its bytes.
fn text(words: &[[u8; 32]], head: usize) -> Result<String, CoreError> {
    let wrong = |reason: &str| CoreError::abi("text", reason);
    let (length, tail) = words
        .get(head..)
        .and_then(<[_]>::split_first)
        .ok_or_else(|| wrong("begins behind the end of the bytes"))?;
    let bytes = usize::try_from(U256::from_be_bytes(*length))
        .ok()
        .and_then(|length| tail.as_flattened().get(..length))
        .ok_or_else(|| wrong("ends behind the end of the bytes"))?;
    String::from_utf8(bytes.to_vec()).map_err(|_| wrong("is not UTF-8"))
}
