//! Wallet files of others: keystore V3 (Web3 Secret Storage) and the crowdsale wallet of 2014.
//!
//! A file is from a stranger until its password opened it: sizes and costs are limited, a name may
//! be spelt in any case but in one only (spelt the same twice, the last counts, as for any reader of
//! JSON), and nothing of the file is repeated in an error.

use aes::Aes128;
use alloy_primitives::{Address, hex, keccak256};
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, KeyIvInit, StreamCipher};
use serde_json::{Map, Value};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::Key;
use crate::CoreError;
use crate::ecdsa::Curve;
use crate::hashing::{Pbkdf2, Scrypt};

/// Most bytes of a wallet file.
pub const MAX_JSON: usize = 65_536;

const CROWDSALE_ITERATIONS: u64 = 2_000;

type Object = Map<String, Value>;

/// The key in the wallet file `json`, opened with `password` (bytes as they are, not normalised).
///
/// # Errors
/// [`CoreError::Invalid`] about `json` when it is no such wallet or costs more than
/// [`crate::hashing::MAX_SCRYPT_WORK`] or [`crate::hashing::MAX_ITERATIONS`]; about `password`
/// when it does not open it, or opens it to another address than the file names.
pub fn open_wallet(curve: &Curve, json: &[u8], password: &[u8]) -> Result<Key, CoreError> {
    if json.len() > MAX_JSON {
        return Err(bad(format!(
            "has {} bytes, the limit is {MAX_JSON}",
            json.len()
        )));
    }
    let Ok(Value::Object(wallet)) = serde_json::from_slice(json) else {
        return Err(bad("is not a JSON object"));
    };
    let (key, address) = if find(&wallet, "encseed")?.is_some() {
        let address = find(&wallet, "ethaddr")?.ok_or_else(|| bad("has no ethaddr"))?;
        (crowdsale(curve, &wallet, password)?, Some(address))
    } else {
        (v3(curve, &wallet, password)?, find(&wallet, "address")?)
    };
    // Some writers leave the address out or empty, to tell nobody whose wallet it is.
    let named = address.filter(|value| !value.is_null() && value.as_str() != Some(""));
    if let Some(value) = named {
        let named = Address::from(exact::<20>("address", value)?);
        if named != key.address() {
            return Err(CoreError::invalid(
                "password",
                "opens a key of another address than the wallet names",
            ));
        }
    }
    Ok(key)
}

fn v3(curve: &Curve, wallet: &Object, password: &[u8]) -> Result<Key, CoreError> {
    if number(wallet, "version")? != 3 {
        return Err(bad("has another version than 3"));
    }
    let crypto = object(wallet, "crypto")?;
    if text(crypto, "cipher")? != "aes-128-ctr" {
        return Err(bad("has another cipher than aes-128-ctr"));
    }
    let iv = exact::<16>("iv", want(object(crypto, "cipherparams")?, "iv")?)?;
    let mut secret = Zeroizing::new(exact::<32>("ciphertext", want(crypto, "ciphertext")?)?);
    let mac = exact::<32>("mac", want(crypto, "mac")?)?;
    let derived = derive(crypto, password)?;
    let (cipher_key, mac_key) = derived
        .split_first_chunk::<16>()
        .ok_or_else(|| bad("has a dklen below 32"))?;
    let mut covered = Zeroizing::new(mac_key.to_vec());
    covered.extend_from_slice(secret.as_slice());
    if !bool::from(keccak256(&covered).as_slice().ct_eq(&mac)) {
        return Err(wrong_password());
    }
    ctr::Ctr128BE::<Aes128>::new(cipher_key.into(), &iv.into())
        .apply_keystream(secret.as_mut_slice());
    Key::new(curve, secret).map_err(|_| bad("holds no key"))
}

fn derive(crypto: &Object, password: &[u8]) -> Result<Zeroizing<Vec<u8>>, CoreError> {
    let params = object(crypto, "kdfparams")?;
    if number(params, "dklen")? != 32 {
        return Err(bad("has another dklen than 32"));
    }
    let salt = bytes("salt", want(params, "salt")?)?;
    let cost = |name| number(params, name);
    match text(crypto, "kdf")? {
        "scrypt" => Scrypt::new(cost("n")?, cost("r")?, cost("p")?)?.derive(password, &salt, 32),
        "pbkdf2" => {
            let kdf = match text(params, "prf")? {
                "hmac-sha256" => Pbkdf2::sha256(cost("c")?),
                "hmac-sha512" => Pbkdf2::sha512(cost("c")?),
                _ => Err(bad("has another prf than hmac-sha256 or hmac-sha512")),
            };
            kdf?.derive(password, &salt, 32)
        }
        _ => Err(bad("has another kdf than scrypt or pbkdf2")),
    }
}

// The sale's own format: the password is its own salt, and the key is the hash of a text.
fn crowdsale(curve: &Curve, wallet: &Object, password: &[u8]) -> Result<Key, CoreError> {
    let sealed = bytes("encseed", want(wallet, "encseed")?)?;
    let (iv, ciphertext) = sealed
        .split_first_chunk::<16>()
        .ok_or_else(|| bad("has an encseed below 16 bytes"))?;
    let derived = Pbkdf2::sha256(CROWDSALE_ITERATIONS)?.derive(password, password, 16)?;
    let Some((key, _)) = derived.split_first_chunk::<16>() else {
        return Err(wrong_password());
    };
    let mut buffer = Zeroizing::new(ciphertext.to_vec());
    let seed = cbc::Decryptor::<Aes128>::new(key.into(), iv.into())
        .decrypt_padded::<Pkcs7>(&mut buffer)
        .map_err(|_| wrong_password())?;
    Key::new(curve, Zeroizing::new(keccak256(seed).0)).map_err(|_| wrong_password())
}

fn bad(reason: impl Into<String>) -> CoreError {
    CoreError::invalid("json", reason)
}

fn wrong_password() -> CoreError {
    CoreError::invalid("password", "does not open this wallet")
}

// Wallets spell `Crypto` and `crypto`; two spellings in one file have no meaning.
fn find<'a>(object: &'a Object, name: &str) -> Result<Option<&'a Value>, CoreError> {
    let mut named = object
        .iter()
        .filter(|(key, _)| key.eq_ignore_ascii_case(name));
    let first = named.next();
    if named.next().is_some() {
        return Err(bad(format!("has {name} twice")));
    }
    Ok(first.map(|(_, value)| value))
}

fn want<'a>(object: &'a Object, name: &str) -> Result<&'a Value, CoreError> {
    find(object, name)?.ok_or_else(|| bad(format!("has no {name}")))
}

fn object<'a>(parent: &'a Object, name: &str) -> Result<&'a Object, CoreError> {
    let value = want(parent, name)?;
    value
        .as_object()
        .ok_or_else(|| bad(format!("has a {name} that is no object")))
}

fn text<'a>(parent: &'a Object, name: &str) -> Result<&'a str, CoreError> {
    let value = want(parent, name)?;
    value
        .as_str()
        .ok_or_else(|| bad(format!("has a {name} that is no text")))
}

// Some writers put numbers in quotes.
fn number(parent: &Object, name: &str) -> Result<u64, CoreError> {
    let value = want(parent, name)?;
    value
        .as_u64()
        .or_else(|| value.as_str()?.parse().ok())
        .ok_or_else(|| bad(format!("has a {name} that is no whole number")))
}

fn bytes(name: &str, value: &Value) -> Result<Vec<u8>, CoreError> {
    let digits = value.as_str().unwrap_or("?");
    hex::decode(digits).map_err(|_| bad(format!("has a {name} that is no hex text")))
}

fn exact<const N: usize>(name: &str, value: &Value) -> Result<[u8; N], CoreError> {
    let given = bytes(name, value)?;
    given.as_slice().try_into().map_err(|_| {
        let reason = format!("has {name} of {} bytes, must have {N}", given.len());
        bad(reason)
    })
}
