//! How long the parts of a record may be, so that one fits a row and a tampered length no memory.

/// Most bytes of each field of a [`Context`], and of a KEK's id.
pub const MAX_FIELD: usize = 255;

/// Most bytes of a secret.
pub const MAX_SECRET: usize = 65_536;

/// Most bytes of a DEK that a KMS wrapped.
pub const MAX_WRAPPED: usize = 6144;

/// Whether a KEK may be called that.
pub(super) fn is_id(id: &[u8]) -> bool {
    !id.is_empty() && id.len() <= MAX_FIELD && id.iter().all(u8::is_ascii_graphic)
}
