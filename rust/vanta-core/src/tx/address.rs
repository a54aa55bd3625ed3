//! Addresses: of contracts to be, and as text with the checksum people's typing is held to.

use alloy_primitives::{Address, hex};

use crate::CoreError;

/// An address as text: `0x` and 40 hex digits whose case is a checksum (EIP-55).
#[must_use]
pub fn checksum(address: Address) -> String {
    address.to_checksum(None)
}

/// Read an address: `0x` and 40 hex digits. Digits of mixed case must be the checksum (EIP-55);
/// digits of one case carry none.
///
/// # Errors
/// [`CoreError::Invalid`] for other text, and for a checksum that does not fit: somebody mistyped.
pub fn parse_address(text: &str) -> Result<Address, CoreError> {
    let wrong = |reason| CoreError::invalid("address", reason);
    let digits = text
        .strip_prefix("0x")
        .ok_or_else(|| wrong("does not start with 0x"))?;
    let mut bytes = [0; 20];
    // The length first: the decoder would skip a second 0x.
    if digits.len() != 40 || hex::decode_to_slice(digits, &mut bytes).is_err() {
        return Err(wrong("is not 0x and 40 hex digits"));
    }
    let address = Address::new(bytes);
    let has_lower = digits.bytes().any(|digit| digit.is_ascii_lowercase());
    let has_upper = digits.bytes().any(|digit| digit.is_ascii_uppercase());
    if has_lower && has_upper && checksum(address) != text {
        return Err(wrong("has a checksum that does not fit: it was mistyped"));
    }
    Ok(address)
}
