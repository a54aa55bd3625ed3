//! Recursive length prefix: trees of bytes, read strictly.
//!
//! Each tree has one encoding and each encoding one tree: a length in more bytes than needed, a
//! single byte with a header and bytes behind the end are refused (`alloy-rlp` checks headers).

use std::borrow::Cow;

use alloy_primitives::U256;
use alloy_rlp::{Decodable, Encodable, Error, Header};

use crate::CoreError;

const WHAT: &str = "rlp";

/// Lists in lists, at most: deeper ones would be an attack on the stack, not data.
pub const MAX_DEPTH: usize = 512;

/// Longest encoding that is read into a tree: 1 MiB.
pub const MAX_BYTES: usize = 1 << 20;

/// Bytes, or a list of items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item<'a> {
    /// A leaf.
    Bytes(Cow<'a, [u8]>),
    /// A branch.
    List(Vec<Item<'a>>),
}

/// Write `item`.
///
/// # Errors
/// [`CoreError::Abi`] when lists are nested deeper than [`MAX_DEPTH`].
pub fn encode(item: &Item<'_>) -> Result<Vec<u8>, CoreError> {
    let mut out = Vec::new();
    write(item, 0, &mut out)?;
    Ok(out)
}

fn write(item: &Item<'_>, depth: usize, out: &mut Vec<u8>) -> Result<(), CoreError> {
    match item {
        Item::Bytes(bytes) => bytes.as_ref().encode(out),
        Item::List(items) => {
            let mut body = Vec::new();
            let depth = deeper(depth)?;
            for item in items {
                write(item, depth, &mut body)?;
            }
            Header {
                list: true,
                payload_length: body.len(),
            }
            .encode(out);
            out.extend_from_slice(&body);
        }
    }
    Ok(())
}

/// Read the one item that `data` encodes.
///
/// # Errors
/// [`CoreError::Abi`] for anything but one canonical encoding, lists nested deeper than
/// [`MAX_DEPTH`], or more than [`MAX_BYTES`].
pub fn decode(data: &[u8]) -> Result<Item<'_>, CoreError> {
    if data.len() > MAX_BYTES {
        let reason = format!("has {} bytes, must have at most {MAX_BYTES}", data.len());
        return Err(CoreError::abi(WHAT, reason));
    }
    let mut rest = data;
    let item = item(&mut rest, 0)?;
    nothing_behind(WHAT, rest)?;
    Ok(item)
}

fn item<'a>(rest: &mut &'a [u8], depth: usize) -> Result<Item<'a>, CoreError> {
    let mut ahead = *rest;
    let header = Header::decode(&mut ahead).map_err(|error| wrong(WHAT, "item", rest, error))?;
    if !header.list {
        return bytes(WHAT, "item", rest).map(|leaf| Item::Bytes(Cow::Borrowed(leaf)));
    }
    let depth = deeper(depth)?;
    let mut body =
        Header::decode_bytes(rest, true).map_err(|error| wrong(WHAT, "item", rest, error))?;
    let mut items = Vec::new();
    while !body.is_empty() {
        items.push(item(&mut body, depth)?);
    }
    Ok(Item::List(items))
}

/// The depth below `depth`, for whoever builds a tree.
///
/// # Errors
/// [`CoreError::Abi`] beyond [`MAX_DEPTH`].
pub fn deeper(depth: usize) -> Result<usize, CoreError> {
    if depth >= MAX_DEPTH {
        let reason = format!("has lists nested deeper than {MAX_DEPTH}");
        return Err(CoreError::abi(WHAT, reason));
    }
    Ok(depth.saturating_add(1))
}

/// The fields of a list, read one after the other; errors name the field.
pub(super) struct Fields<'a> {
    what: &'static str,
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    /// The fields of the one list that `data` is.
    pub(super) fn of_whole(what: &'static str, data: &'a [u8]) -> Result<Self, CoreError> {
        let mut rest = data;
        let body = Header::decode_bytes(&mut rest, true)
            .map_err(|error| wrong(what, "list of fields", data, error))?;
        nothing_behind(what, rest)?;
        Ok(Self { what, rest: body })
    }

    pub(super) fn int(&mut self, name: &'static str) -> Result<u64, CoreError> {
        u64::decode(&mut self.rest).map_err(|error| wrong(self.what, name, self.rest, error))
    }

    pub(super) fn word(&mut self, name: &'static str) -> Result<U256, CoreError> {
        U256::decode(&mut self.rest).map_err(|error| wrong(self.what, name, self.rest, error))
    }

    pub(super) fn bytes(&mut self, name: &'static str) -> Result<&'a [u8], CoreError> {
        bytes(self.what, name, &mut self.rest)
    }

    pub(super) fn fixed<const N: usize>(
        &mut self,
        name: &'static str,
    ) -> Result<[u8; N], CoreError> {
        let bytes = self.bytes(name)?;
        bytes.try_into().map_err(|_| {
            let reason = format!("{name} has {} bytes, must have {N}", bytes.len());
            CoreError::abi(self.what, reason)
        })
    }

    pub(super) fn list(&mut self, name: &'static str) -> Result<Self, CoreError> {
        let rest = Header::decode_bytes(&mut self.rest, true)
            .map_err(|error| wrong(self.what, name, self.rest, error))?;
        Ok(Self {
            what: self.what,
            rest,
        })
    }

    /// All fields of this list, each by `read`.
    pub(super) fn each<T>(
        mut self,
        read: impl Fn(&mut Self) -> Result<T, CoreError>,
    ) -> Result<Vec<T>, CoreError> {
        let mut all = Vec::new();
        while !self.rest.is_empty() {
            all.push(read(&mut self)?);
        }
        Ok(all)
    }

    pub(super) fn end(self) -> Result<(), CoreError> {
        if self.rest.is_empty() {
            return Ok(());
        }
        Err(CoreError::abi(self.what, "has a list with too many fields"))
    }
}

fn bytes<'a>(what: &'static str, name: &str, rest: &mut &'a [u8]) -> Result<&'a [u8], CoreError> {
    Header::decode_bytes(rest, false).map_err(|error| wrong(what, name, rest, error))
}

fn nothing_behind(what: &'static str, rest: &[u8]) -> Result<(), CoreError> {
    if rest.is_empty() {
        return Ok(());
    }
    let reason = format!("has {} bytes behind its end", rest.len());
    Err(CoreError::abi(what, reason))
}

fn wrong(what: &'static str, name: &str, rest: &[u8], error: Error) -> CoreError {
    let reason = match error {
        Error::InputTooShort if rest.is_empty() => format!("{name} is missing"),
        Error::InputTooShort => format!("{name} ends too early"),
        Error::Overflow => format!("{name} is too large"),
        Error::LeadingZero => format!("{name} has leading zeros"),
        Error::NonCanonicalSingleByte | Error::NonCanonicalSize => {
            format!("{name} is written longer than needed")
        }
        Error::UnexpectedList => format!("{name} is a list, must be bytes"),
        Error::UnexpectedString => format!("{name} is bytes, must be a list"),
        Error::UnexpectedLength | Error::ListLengthMismatch { .. } | Error::Custom(_) => {
            format!("{name} is malformed")
        }
    };
    CoreError::abi(what, reason)
}
