//! What a record is bound to: the associated data of its ciphers, one spelling for one meaning.

use super::kek::Kek;
use super::limits::MAX_FIELD;
use super::record::Algorithm;
use crate::CoreError;

const LABEL: &[u8] = b"vanta seal 1";

/// What kind of secret a record holds; a record of one kind never opens as the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Any secret its owner may read again.
    Secret,
    /// A private key: it goes to a keyring and nowhere else.
    SigningKey,
}

/// Whose secret it is and what for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Context<'a> {
    owner: &'a str,
    subject: &'a [u8],
    family: &'a str,
    purpose: &'a str,
}

impl<'a> Context<'a> {
    /// Bind to `owner` (tenant or user), `subject` (a wallet's address, or another row key), chain
    /// `family` and `purpose`; each 1 to [`MAX_FIELD`] bytes.
    ///
    /// # Errors
    /// [`CoreError::Invalid`] naming the field of another length.
    pub fn new(
        owner: &'a str,
        subject: &'a [u8],
        family: &'a str,
        purpose: &'a str,
    ) -> Result<Self, CoreError> {
        for (name, length) in [
            ("owner", owner.len()),
            ("subject", subject.len()),
            ("family", family.len()),
            ("purpose", purpose.len()),
        ] {
            if length == 0 || length > MAX_FIELD {
                let reason = format!("has {length} bytes, must have 1 to {MAX_FIELD}");
                return Err(CoreError::invalid(name, reason));
            }
        }
        Ok(Self {
            owner,
            subject,
            family,
            purpose,
        })
    }

    /// Associated data of the secret. A KEK held here is bound by the wrapped DEK, which can be
    /// wrapped anew; what a KMS wrapped cannot be checked here and is bound whole.
    pub(super) fn of_secret(&self, kind: Kind, kek: &Kek) -> Vec<u8> {
        let kind: &[u8] = match kind {
            Kind::Secret => b"secret",
            Kind::SigningKey => b"signing key",
        };
        let mut fields = vec![
            LABEL,
            kind,
            self.owner.as_bytes(),
            self.subject,
            self.family.as_bytes(),
            self.purpose.as_bytes(),
        ];
        let version = kek.version().to_be_bytes();
        match kek.wrapped() {
            None => fields.push(Algorithm::Local.name()),
            Some(wrapped) => fields.extend([
                Algorithm::External.name(),
                kek.id().as_bytes(),
                &version,
                wrapped,
            ]),
        }
        prefixed(&fields)
    }
}

/// Associated data of a DEK wrapped by `kek`.
pub(super) fn of_dek(kek: &Kek) -> Vec<u8> {
    let version = kek.version().to_be_bytes();
    prefixed(&[LABEL, b"data key", kek.id().as_bytes(), &version])
}

/// Each field after its length in four bytes, so that no two lists of fields are one string.
pub(super) fn prefixed(fields: &[&[u8]]) -> Vec<u8> {
    let mut joined = Vec::new();
    for field in fields {
        let length = u32::try_from(field.len()).unwrap_or(u32::MAX);
        joined.extend_from_slice(&length.to_be_bytes());
        joined.extend_from_slice(field);
    }
    joined
}
