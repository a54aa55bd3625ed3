//! Values, read as their types say, as the words that are hashed.

use alloy_primitives::{Address, B256, U256, hex, keccak256};
use serde_json::value::RawValue;

use super::json::{elements, members, string};
use super::types::{Kind, Types};
use super::{MAX_DEPTH, Refused, start};

impl Types {
    /// `encodeData` behind the type hash: what is hashed for a struct. Errors begin with the place.
    pub(super) fn encode(&self, name: &str, value: &RawValue, depth: usize) -> Refused<Vec<u8>> {
        let (fields, hash) = self
            .get(name)
            .ok_or_else(|| format!(" is of the unknown type {}", start(name)))?;
        let mut given = members(value).map_err(|reason| format!(" {reason}"))?;
        let mut encoded = Vec::with_capacity(32 * (fields.len() + 1));
        encoded.extend(hash);
        for field in fields {
            let word = match given.remove(field.name.as_str()) {
                Some(value) => self.word(&field.kind, value, depth + 1),
                None => Err(String::from(" is missing")),
            };
            encoded.extend(word.map_err(|reason| format!(".{}{reason}", start(&field.name)))?);
        }
        match given.into_keys().next() {
            None => Ok(encoded),
            Some(unknown) => Err(format!(
                ".{} is no field of {}",
                start(&unknown),
                start(name)
            )),
        }
    }

    /// The one word of a value.
    fn word(&self, kind: &Kind, value: &RawValue, depth: usize) -> Refused<B256> {
        if depth > MAX_DEPTH {
            return Err(format!(" is nested more than {MAX_DEPTH} deep"));
        }
        let wrong = |wanted: &str| format!(" is no {wanted}");
        let text = || string(value).map_err(|_| wrong("text"));
        match kind {
            Kind::Struct(_) if value.get() == "null" => Ok(B256::ZERO),
            Kind::Struct(name) => self.encode(name, value, depth).map(keccak256),
            Kind::Array(inner, size) => {
                let values = elements(value).map_err(|_| wrong("array"))?;
                if let Some(size) = size.filter(|size| *size != values.len()) {
                    return Err(format!(" has {} elements, must have {size}", values.len()));
                }
                let mut words = Vec::with_capacity(32 * values.len());
                for (place, value) in values.into_iter().enumerate() {
                    let word = self.word(inner, value, depth + 1);
                    words.extend(word.map_err(|reason| format!("[{place}]{reason}"))?);
                }
                Ok(keccak256(words))
            }
            Kind::Text => Ok(keccak256(text()?)),
            Kind::Bytes => {
                let bytes = from_hex(&text()?).ok_or_else(|| wrong("hex of whole bytes"))?;
                Ok(keccak256(bytes))
            }
            Kind::FixedBytes(size) => from_hex(&text()?)
                .filter(|bytes| bytes.len() == *size)
                .map(|bytes| B256::right_padding_from(&bytes))
                .ok_or_else(|| format!(" is no hex of {size} bytes")),
            Kind::Address => address(&text()?)
                .map(|address| address.into_word())
                .ok_or_else(|| wrong("address, or of a wrong checksum")),
            Kind::Bool => match value.get() {
                "true" => Ok(B256::with_last_byte(1)),
                "false" => Ok(B256::ZERO),
                _ => Err(wrong("true or false")),
            },
            Kind::Uint(bits) => integer(value)
                .filter(|(negative, size)| !negative && size.bit_len() <= *bits)
                .map(|(_, size)| B256::from(size))
                .ok_or_else(|| format!(" is no uint{bits}")),
            Kind::Int(bits) => integer(value)
                .filter(|(negative, size)| {
                    // One more below zero than above it.
                    let reach = if *negative {
                        size.saturating_sub(U256::ONE)
                    } else {
                        *size
                    };
                    reach.bit_len() < *bits
                })
                .map(|(negative, size)| {
                    B256::from(if negative { size.wrapping_neg() } else { size })
                })
                .ok_or_else(|| format!(" is no int{bits}")),
        }
    }
}

/// Sign and size of an integer: a JSON integer, or text in decimal or in hex (without a sign).
fn integer(value: &RawValue) -> Option<(bool, U256)> {
    let text = if value.get().starts_with('"') {
        string(value).ok()?
    } else {
        value.get().to_owned()
    };
    if let Some(digits) = text.strip_prefix("0x") {
        return digits_of(digits, 16, 64).map(|size| (false, size));
    }
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.as_str()),
    };
    digits_of(digits, 10, 78).map(|size| (negative && !size.is_zero(), size))
}

/// Digits alone: no sign, separator, fraction or exponent.
fn digits_of(digits: &str, base: u32, most: usize) -> Option<U256> {
    let plain = digits.chars().all(|digit| digit.is_digit(base));
    let fits = (1..=most).contains(&digits.len());
    (plain && fits)
        .then(|| U256::from_str_radix(digits, u64::from(base)).ok())
        .flatten()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    hex::decode(text.strip_prefix("0x")?)
        .ok()
        .filter(|_| !text.starts_with("0x0x"))
}

/// An address in one case, or in the mixed case of its checksum (EIP-55).
fn address(text: &str) -> Option<Address> {
    let bytes = from_hex(text)?;
    let address = Address::try_from(bytes.as_slice()).ok()?;
    let digits = text.get(2..)?;
    let mixed = digits.bytes().any(|digit| digit.is_ascii_uppercase())
        && digits.bytes().any(|digit| digit.is_ascii_lowercase());
    (!mixed || text == address.to_checksum(None)).then_some(address)
}
