//! Seal, unseal, wrap anew.

use zeroize::Zeroizing;

use super::bound::{Context, Kind, of_dek, prefixed};
use super::cipher::{NONCE, TAG, decrypt, encrypt};
use super::kek::Kek;
use super::limits::MAX_SECRET;
use super::record::{Algorithm, Info, LOCAL_WRAPPED, Parts};
use crate::CoreError;
use crate::hashing::hmac_sha512;

/// Random bytes that one record takes.
pub const ENTROPY: usize = 32;

/// Seal `secret` (1 to [`MAX_SECRET`] bytes) for `context` under `kek`.
///
/// `entropy` is 32 random bytes, never used before.
///
/// # Errors
/// [`CoreError::Invalid`] for a secret of another length or entropy of one repeated byte.
pub fn seal(
    secret: &[u8],
    kek: &Kek,
    context: &Context<'_>,
    entropy: &[u8; ENTROPY],
) -> Result<Vec<u8>, CoreError> {
    shut(Kind::Secret, secret, kek, context, entropy)
}

/// The secret of `record`. The KEK is the one of `keks` that the record names.
///
/// # Errors
/// [`CoreError::Seal`] when the record is malformed or tampered, its KEK is not among `keks`, the
/// context is another than it was sealed for, or it holds a signing key.
pub fn unseal(
    record: &[u8],
    keks: &[Kek],
    context: &Context<'_>,
) -> Result<Zeroizing<Vec<u8>>, CoreError> {
    open(Kind::Secret, record, keks, context)
}

/// What `record` says of itself; nothing of it is proven before it opens.
///
/// # Errors
/// [`CoreError::Seal`] when it is malformed.
pub fn info(record: &[u8]) -> Result<Info, CoreError> {
    Parts::read(record).map(|parts| parts.info())
}

/// The same record with its data key wrapped by `new` instead of `old`; the secret stays closed.
///
/// # Errors
/// [`CoreError::Seal`] when the record names another KEK than `old` or its data key does not open;
/// [`CoreError::Invalid`] when either is held by a KMS, which wraps anew itself, or both have one name.
pub fn rewrap(
    record: &[u8],
    old: &Kek,
    new: &Kek,
    entropy: &[u8; ENTROPY],
) -> Result<Vec<u8>, CoreError> {
    check_random(entropy)?;
    for (name, kek) in [("old_kek", old), ("new_kek", new)] {
        if kek.wrapped().is_some() {
            return Err(CoreError::invalid(
                name,
                "is held by a KMS, which wraps anew itself",
            ));
        }
    }
    if (old.id(), old.version()) == (new.id(), new.version()) {
        return Err(CoreError::invalid("new_kek", "has the name of old_kek"));
    }
    let parts = Parts::read(record)?;
    let old = chosen(&parts, std::slice::from_ref(old))?;
    let dek = data_key(&parts, old)?;
    let made = hmac_sha512(entropy, &[&prefixed(&[b"rewrap", &of_dek(new), record])]);
    let Some((nonce, _)) = made.split_first_chunk() else {
        return Err(CoreError::seal("has no nonce"));
    };
    let wrapped = wrap(new, &dek, nonce)?;
    let renewed = Parts {
        kek_id: new.id(),
        kek_version: new.version(),
        wrapped: &wrapped,
        ..parts
    };
    renewed.write()
}

pub(crate) fn shut(
    kind: Kind,
    secret: &[u8],
    kek: &Kek,
    context: &Context<'_>,
    entropy: &[u8; ENTROPY],
) -> Result<Vec<u8>, CoreError> {
    check_random(entropy)?;
    if secret.is_empty() || secret.len() > MAX_SECRET {
        let reason = format!("has {} bytes, must have 1 to {MAX_SECRET}", secret.len());
        return Err(CoreError::invalid("secret", reason));
    }
    let bound = context.of_secret(kind, kek);
    let made = hmac_sha512(entropy, &[&prefixed(&[b"seal", &bound]), secret]);
    let Some((own_dek, (wrap_nonce, (nonce, _)))) =
        made.split_first_chunk::<32>().and_then(|(dek, rest)| {
            let (wrap_nonce, rest) = rest.split_first_chunk::<NONCE>()?;
            Some((dek, (wrap_nonce, rest.split_first_chunk::<NONCE>()?)))
        })
    else {
        return Err(CoreError::seal("has no data key"));
    };
    let local;
    let (algorithm, dek, wrapped) = match kek.wrapped() {
        None => {
            local = wrap(kek, own_dek, wrap_nonce)?;
            (Algorithm::Local, own_dek, local.as_slice())
        }
        Some(wrapped) => (Algorithm::External, kek.key(), wrapped),
    };
    let mut buffer = Zeroizing::new(secret.to_vec());
    let tag = encrypt(dek, nonce, &bound, &mut buffer)?;
    let parts = Parts {
        algorithm,
        kek_id: kek.id(),
        kek_version: kek.version(),
        wrapped,
        nonce,
        ciphertext: &buffer,
        tag: &tag,
    };
    parts.write()
}

pub(crate) fn open(
    kind: Kind,
    record: &[u8],
    keks: &[Kek],
    context: &Context<'_>,
) -> Result<Zeroizing<Vec<u8>>, CoreError> {
    let parts = Parts::read(record)?;
    let kek = chosen(&parts, keks)?;
    let dek = data_key(&parts, kek)?;
    let bound = context.of_secret(kind, kek);
    decrypt(&dek, parts.nonce, &bound, parts.ciphertext, parts.tag)
}

/// Refuse what no generator of random bytes yields: memory that was never filled.
pub(crate) fn check_random(entropy: &[u8]) -> Result<(), CoreError> {
    match entropy.split_first() {
        Some((first, rest)) if rest.iter().any(|byte| byte != first) => Ok(()),
        _ => Err(CoreError::invalid(
            "entropy",
            "repeats one byte, must be random",
        )),
    }
}

fn chosen<'a>(parts: &Parts<'_>, keks: &'a [Kek]) -> Result<&'a Kek, CoreError> {
    let named = |kek: &&Kek| {
        kek.id() == parts.kek_id
            && kek.version() == parts.kek_version
            && match parts.algorithm {
                Algorithm::Local => kek.wrapped().is_none(),
                Algorithm::External => kek.wrapped() == Some(parts.wrapped),
            }
    };
    keks.iter().find(named).ok_or_else(|| {
        CoreError::seal(format!(
            "names the key {} version {}, which is not given",
            parts.kek_id, parts.kek_version
        ))
    })
}

fn wrap(kek: &Kek, dek: &[u8; 32], nonce: &[u8; NONCE]) -> Result<Vec<u8>, CoreError> {
    let mut buffer = Zeroizing::new(*dek);
    let tag = encrypt(kek.key(), nonce, &of_dek(kek), buffer.as_mut_slice())?;
    let mut wrapped = Vec::with_capacity(LOCAL_WRAPPED);
    wrapped.extend_from_slice(nonce);
    wrapped.extend_from_slice(buffer.as_slice());
    wrapped.extend_from_slice(&tag);
    Ok(wrapped)
}

fn data_key(parts: &Parts<'_>, kek: &Kek) -> Result<Zeroizing<[u8; 32]>, CoreError> {
    let mut key = Zeroizing::new([0; 32]);
    match parts.algorithm {
        Algorithm::External => key.copy_from_slice(kek.key()),
        Algorithm::Local => {
            let split = parts.wrapped.split_first_chunk::<NONCE>();
            let split = split.and_then(|(nonce, rest)| {
                let (ciphertext, tag) = rest.split_last_chunk::<TAG>()?;
                (ciphertext.len() == key.len()).then_some((nonce, ciphertext, tag))
            });
            let Some((nonce, ciphertext, tag)) = split else {
                return Err(CoreError::seal("has no data key"));
            };
            let opened = decrypt(kek.key(), nonce, &of_dek(kek), ciphertext, tag)?;
            key.copy_from_slice(&opened);
        }
    }
    Ok(key)
}
