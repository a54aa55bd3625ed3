//! Values of any type to bytes: what fits is checked here, the layout is that of the contract ABI.

use alloy_dyn_abi::{DynSolType, DynSolValue};
use alloy_primitives::{I256, U256};

use crate::error::CoreError;

/// `abi.encode` of an argument list.
///
/// # Errors
/// `Abi` when a value does not fit its type; the text says where, the value and the limit.
pub fn encode(types: &[DynSolType], values: Vec<DynSolValue>) -> Result<Vec<u8>, CoreError> {
    check_all(types, &values)?;
    Ok(DynSolValue::Tuple(values).abi_encode_params())
}

/// `abi.encodePacked`: no padding, no lengths, but whole words for the elements of arrays.
///
/// # Errors
/// As [`encode`], and for what Solidity cannot pack: tuples, and arrays of `bytes` or `string`.
pub fn encode_packed(types: &[DynSolType], values: &[DynSolValue]) -> Result<Vec<u8>, CoreError> {
    check_all(types, values)?;
    let mut out = Vec::new();
    for (kind, value) in types.iter().zip(values) {
        pack(value, &mut out).ok_or_else(|| {
            CoreError::abi("values", format!("of type {kind} have no packed form"))
        })?;
    }
    Ok(out)
}

fn pack(value: &DynSolValue, out: &mut Vec<u8>) -> Option<()> {
    match value {
        DynSolValue::Array(elements) | DynSolValue::FixedArray(elements) => {
            elements.iter().try_for_each(|e| pack_element(e, out))
        }
        DynSolValue::Tuple(_) | DynSolValue::CustomStruct { .. } => None,
        plain => {
            plain.abi_encode_packed_to(out);
            Some(())
        }
    }
}

fn pack_element(value: &DynSolValue, out: &mut Vec<u8>) -> Option<()> {
    match value {
        DynSolValue::Array(elements) | DynSolValue::FixedArray(elements) => {
            elements.iter().try_for_each(|e| pack_element(e, out))
        }
        leaf => {
            out.extend_from_slice(leaf.as_word()?.as_slice());
            Some(())
        }
    }
}

/// Whether each value fits its type.
///
/// # Errors
/// As [`encode`].
pub fn check_all(types: &[DynSolType], values: &[DynSolValue]) -> Result<(), CoreError> {
    if types.len() != values.len() {
        let reason = format!("has {} items, {} types", values.len(), types.len());
        return Err(CoreError::abi("values", reason));
    }
    each(types.iter().zip(values)).map_err(|reason| CoreError::abi("values", reason))
}

fn each<'a>(pairs: impl Iterator<Item = (&'a DynSolType, &'a DynSolValue)>) -> Result<(), String> {
    for (index, (kind, value)) in pairs.enumerate() {
        check(kind, value).map_err(|reason| format!("[{index}]{reason}"))?;
    }
    Ok(())
}

fn check(kind: &DynSolType, value: &DynSolValue) -> Result<(), String> {
    match (kind, value) {
        (DynSolType::Uint(bits), DynSolValue::Uint(number, size)) if bits == size => {
            if number.bit_len() <= *bits {
                return Ok(());
            }
            let most = U256::MAX >> 256_usize.saturating_sub(*bits);
            Err(format!(" {number} does not fit {kind}, at most {most}"))
        }
        (DynSolType::Int(bits), DynSolValue::Int(number, size)) if bits == size => {
            let spare = 256_usize.saturating_sub(*bits);
            if number.wrapping_shl(spare).asr(spare) == *number {
                return Ok(());
            }
            let (least, most) = (I256::MIN.asr(spare), I256::MAX.asr(spare));
            Err(format!(" {number} does not fit {kind}, {least}..={most}"))
        }
        (DynSolType::FixedArray(element, length), DynSolValue::FixedArray(values)) => {
            if values.len() != *length {
                return Err(format!(
                    " has {} elements, {kind} needs {length}",
                    values.len()
                ));
            }
            each(values.iter().map(|value| (&**element, value)))
        }
        (DynSolType::Array(element), DynSolValue::Array(values)) => {
            each(values.iter().map(|value| (&**element, value)))
        }
        (DynSolType::Tuple(kinds), DynSolValue::Tuple(values)) => {
            if values.len() != kinds.len() {
                let (has, needs) = (values.len(), kinds.len());
                return Err(format!(" has {has} items, {kind} needs {needs}"));
            }
            each(kinds.iter().zip(values))
        }
        (DynSolType::FixedBytes(size), DynSolValue::FixedBytes(word, _))
            if word.iter().skip(*size).any(|&byte| byte != 0) =>
        {
            Err(format!(" has bytes beyond those of {kind}"))
        }
        _ if kind.matches(value) => Ok(()),
        _ => Err(format!(" is no {kind}")),
    }
}
