//! Bytes to values, for bytes that anyone may have written.
//!
//! Only the one canonical layout is read: every offset points at the first byte that nothing else
//! has used, padding is clean, and the last byte belongs to a value. So each byte is read once, time
//! and memory follow the length of the data and not what it claims, two offsets cannot share a
//! tail, and whatever decodes encodes to the same bytes again.

use alloy_dyn_abi::{DynSolType, DynSolValue};
use alloy_primitives::{Address, B256, Function, I256, U256};

use crate::error::CoreError;

const WORD: usize = 32;

/// `abi.decode` of an argument list.
///
/// # Errors
/// `Abi` when the data is not exactly what [`encode`](super::encode) writes for some values.
pub fn decode(types: &[DynSolType], data: &[u8]) -> Result<Vec<DynSolValue>, CoreError> {
    let read = Data(data).frame(types.iter(), heads(types), 0);
    let (values, end) = read.map_err(|reason| CoreError::abi("data", reason))?;
    if end != data.len() {
        let reason = format!("has {} bytes, its values end at {end}", data.len());
        return Err(CoreError::abi("data", reason));
    }
    Ok(values)
}

/// The value of a static leaf type in its word.
///
/// # Errors
/// `Abi` for a word that is no such value, and for a type that is more than a word.
pub(super) fn decode_word(kind: &DynSolType, word: &B256) -> Result<DynSolValue, CoreError> {
    leaf(kind, word.0).map_err(|reason| CoreError::abi("data", reason))
}

/// Bytes of a type's place in the head of its frame; never 0, no type is without size.
fn head(kind: &DynSolType) -> usize {
    if kind.is_dynamic() {
        return WORD;
    }
    match kind {
        DynSolType::FixedArray(element, length) => head(element).saturating_mul(*length),
        DynSolType::Tuple(kinds) => heads(kinds),
        _ => WORD,
    }
}

fn heads(kinds: &[DynSolType]) -> usize {
    kinds.iter().map(head).fold(0, usize::saturating_add)
}

type Read<T> = Result<(T, usize), String>;

struct Data<'a>(&'a [u8]);

impl Data<'_> {
    fn word(&self, at: usize) -> Result<[u8; WORD], String> {
        let rest = self.0.get(at..).unwrap_or_default();
        let word = rest.first_chunk::<WORD>();
        word.copied().ok_or_else(|| self.short(at, WORD))
    }

    fn short(&self, at: usize, wanted: usize) -> String {
        format!("has {} bytes, {wanted} more belong at {at}", self.0.len())
    }

    /// A length or an offset: whatever is larger than the data is wrong, whatever it is.
    fn size(&self, at: usize) -> Result<usize, String> {
        let claimed = U256::from_be_bytes(self.word(at)?);
        match usize::try_from(claimed) {
            Ok(size) if size <= self.0.len() => Ok(size),
            _ => Err(format!(
                "claims {claimed} at {at}, has {} bytes",
                self.0.len()
            )),
        }
    }

    /// Values whose heads, `heads` bytes in all, start at `base`; and where their tails end.
    fn frame<'t>(
        &self,
        kinds: impl ExactSizeIterator<Item = &'t DynSolType>,
        heads: usize,
        base: usize,
    ) -> Read<Vec<DynSolValue>> {
        if heads > self.0.len().saturating_sub(base) {
            return Err(self.short(base, heads));
        }
        let mut values = Vec::with_capacity(kinds.len());
        let (mut at, mut end) = (base, base + heads);
        for kind in kinds {
            let value = if kind.is_dynamic() {
                let offset = self.size(at)?;
                if base + offset != end {
                    return Err(format!("points to {offset} at {at}, not to {}", end - base));
                }
                at += WORD;
                let (value, tail_end) = self.tail(kind, end)?;
                end = tail_end;
                value
            } else {
                let (value, next) = self.inline(kind, at)?;
                at = next;
                value
            };
            values.push(value);
        }
        Ok((values, end))
    }

    fn tail(&self, kind: &DynSolType, at: usize) -> Read<DynSolValue> {
        match kind {
            DynSolType::Bytes => {
                let (bytes, end) = self.bytes(at)?;
                Ok((DynSolValue::Bytes(bytes.to_vec()), end))
            }
            DynSolType::String => {
                let (bytes, end) = self.bytes(at)?;
                let text = std::str::from_utf8(bytes)
                    .map_err(|_| format!("has a string at {at} that is not UTF-8"))?;
                Ok((DynSolValue::String(text.to_owned()), end))
            }
            DynSolType::Array(element) => {
                let length = self.size(at)?;
                let each = std::iter::repeat_n(&**element, length);
                let heads = head(element).saturating_mul(length);
                let (values, end) = self.frame(each, heads, at + WORD)?;
                Ok((DynSolValue::Array(values), end))
            }
            DynSolType::FixedArray(element, length) => {
                let each = std::iter::repeat_n(&**element, *length);
                let (values, end) = self.frame(each, head(element).saturating_mul(*length), at)?;
                Ok((DynSolValue::FixedArray(values), end))
            }
            DynSolType::Tuple(kinds) => {
                let (values, end) = self.frame(kinds.iter(), heads(kinds), at)?;
                Ok((DynSolValue::Tuple(values), end))
            }
            _ => self.inline(kind, at),
        }
    }

    /// A static value: the frame's bound has been checked, so `repeat_n` is bounded too.
    fn inline(&self, kind: &DynSolType, at: usize) -> Read<DynSolValue> {
        match kind {
            DynSolType::FixedArray(..) | DynSolType::Tuple(_) => self.tail(kind, at),
            _ => Ok((leaf(kind, self.word(at)?)?, at + WORD)),
        }
    }

    fn bytes(&self, at: usize) -> Read<&[u8]> {
        let length = self.size(at)?;
        let start = at + WORD;
        let padded = length.next_multiple_of(WORD);
        let rest = self.0.get(start..).unwrap_or_default();
        let (bytes, padding) = rest
            .get(..padded)
            .and_then(|whole| whole.split_at_checked(length))
            .ok_or_else(|| self.short(start, padded))?;
        if padding.iter().any(|&byte| byte != 0) {
            return Err(format!(
                "has dirty padding after the {length} bytes at {start}"
            ));
        }
        Ok((bytes, start + padded))
    }
}

fn leaf(kind: &DynSolType, word: [u8; WORD]) -> Result<DynSolValue, String> {
    let clean = |used: &[u8]| used.iter().all(|&byte| byte == 0);
    let number = U256::from_be_bytes(word);
    let value = match kind {
        DynSolType::Bool if number <= U256::ONE => Some(DynSolValue::Bool(!number.is_zero())),
        DynSolType::Uint(bits) if number.bit_len() <= *bits => {
            Some(DynSolValue::Uint(number, *bits))
        }
        DynSolType::Int(bits) => {
            let (signed, spare) = (I256::from_raw(number), 256_usize.saturating_sub(*bits));
            let same = signed.wrapping_shl(spare).asr(spare) == signed;
            same.then_some(DynSolValue::Int(signed, *bits))
        }
        DynSolType::Address if number.bit_len() <= 160 => {
            Some(DynSolValue::Address(Address::from_word(word.into())))
        }
        DynSolType::FixedBytes(size) if word.get(*size..).is_some_and(clean) => {
            Some(DynSolValue::FixedBytes(word.into(), *size))
        }
        DynSolType::Function if word.get(24..).is_some_and(clean) => {
            Some(DynSolValue::Function(Function::from_word(word.into())))
        }
        _ => None,
    };
    value.ok_or_else(|| format!("has a word that is no {kind}"))
}
