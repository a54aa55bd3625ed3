//! The data of a revert to the error it names: what is shown and logged when a call fails.
//!
//! Any contract on the way may have written it, so nothing here is an error: what is unknown or
//! malformed is `None`, and the bytes stay for whoever wants to look.

use alloy_dyn_abi::DynSolValue;
use alloy_primitives::U256;

use super::decode::decode;
use super::entry::Entry;
use super::table::AbiTable;

/// Selector of `Error(string)`, which `require` and `revert` with a text write.
const TEXT: [u8; 4] = [0x08, 0xc3, 0x79, 0xa0];

impl AbiTable {
    /// The error that `data` names, and its values.
    #[must_use]
    pub fn decode_error(&self, data: &[u8]) -> Option<(&Entry, Vec<DynSolValue>)> {
        let error = self.error_of(data)?;
        let rest = data.get(4..)?;
        let values = if error.selector() == TEXT {
            vec![DynSolValue::String(text(rest)?)]
        } else {
            decode(error.inputs(), rest).ok()?
        };
        Some((error, values))
    }
}

/// The text of `Error(string)`, looser than [`decode`]: it is for people and decides nothing, and
/// contracts that write it by hand leave out padding, or leave bytes behind it. What is not UTF-8 is
/// replaced.
fn text(data: &[u8]) -> Option<String> {
    let (words, tail) = data.split_at_checked(64)?;
    let (offset, length) = words.split_at_checked(32)?;
    if U256::from_be_slice(offset) != U256::from(32) {
        return None;
    }
    let length = usize::try_from(U256::from_be_slice(length)).ok()?;
    Some(String::from_utf8_lossy(tail.get(..length)?).into_owned())
}
