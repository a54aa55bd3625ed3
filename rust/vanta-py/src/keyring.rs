//! Bindings of `vanta_core::keyring`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use vanta_core::ecdsa::Curve;
use vanta_core::keyring::{
    CREATE_ENTROPY, DEFAULT_PATH, Key, Keyring, Node, Path, Seed, create_key, open_wallet,
    seal_key, unseal_key,
};
use zeroize::Zeroizing;

use crate::arrays::{OptionalArg, int};
use crate::errors::{detached, to_py};
use crate::seal::{kek, keks};
use crate::words::{address, bytes, fixed, hash, text};

// Depth, index, parent's and own fingerprint, chain code, compressed public key.
type PublicNode<'py> = (
    u8,
    u32,
    Bound<'py, PyBytes>,
    Bound<'py, PyBytes>,
    Bound<'py, PyBytes>,
    Bound<'py, PyBytes>,
);

/// Keys that sign. Python holds handles.
#[pyclass(name = "Keyring", frozen, module = "vanta._core")]
pub(crate) struct PyKeyring {
    curve: Curve,
    keys: Mutex<Keyring>,
}

impl PyKeyring {
    /// The curve that signs.
    pub(crate) fn curve(&self) -> &Curve {
        &self.curve
    }

    /// The key behind `handle`.
    ///
    /// # Errors
    /// `InvalidInput` for a handle that was never given or was forgotten.
    pub(crate) fn key(&self, handle: &Bound<'_, PyAny>) -> PyResult<Arc<Key>> {
        let handle = int::<u32>("handle", handle)?;
        self.keys().key(handle).map_err(to_py)
    }

    // Held for a look-up only; nothing waits for the interpreter with it.
    fn keys(&self) -> MutexGuard<'_, Keyring> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, key: Key) -> PyResult<u32> {
        let added = self.keys().add(key);
        added.map_err(to_py)
    }
}

#[pymethods]
impl PyKeyring {
    #[new]
    #[pyo3(signature = (*, seed))]
    fn new(seed: &Bound<'_, PyAny>) -> PyResult<Self> {
        let seed = Zeroizing::new(fixed("seed", seed)?);
        Ok(Self {
            curve: Curve::blinded(&seed),
            keys: Mutex::default(),
        })
    }

    #[pyo3(signature = (secret))]
    fn add(&self, secret: &Bound<'_, PyAny>) -> PyResult<u32> {
        let key = Key::from_raw(&self.curve, bytes("secret", secret)?).map_err(to_py)?;
        self.take(key)
    }

    #[pyo3(signature = (record, *, keks, owner, purpose, address))]
    fn add_sealed(
        &self,
        record: &Bound<'_, PyAny>,
        keks: &Bound<'_, PyAny>,
        owner: &Bound<'_, PyAny>,
        purpose: &Bound<'_, PyAny>,
        address: &Bound<'_, PyAny>,
    ) -> PyResult<u32> {
        let record = bytes("record", record)?;
        let keks = self::keks(keks)?;
        let (owner, purpose) = (text("owner", owner)?, text("purpose", purpose)?);
        let address = self::address("address", address)?;
        let key = unseal_key(&self.curve, record, &keks, owner, purpose, address);
        self.take(key.map_err(to_py)?)
    }

    #[pyo3(signature = (json, *, password))]
    fn add_keystore(
        &self,
        py: Python<'_>,
        json: &Bound<'_, PyAny>,
        password: &Bound<'_, PyAny>,
    ) -> PyResult<u32> {
        let json = bytes("json", json)?;
        let password = bytes("password", password)?;
        let key = detached(py, || open_wallet(&self.curve, json, password))?;
        self.take(key)
    }

    #[pyo3(signature = (phrase, *, path = OptionalArg::ABSENT, passphrase = OptionalArg::ABSENT))]
    fn add_mnemonic(
        &self,
        py: Python<'_>,
        phrase: &Bound<'_, PyAny>,
        path: OptionalArg<'_>,
        passphrase: OptionalArg<'_>,
    ) -> PyResult<u32> {
        let curve = &self.curve;
        let key = derived(py, curve, phrase, path, passphrase, |node| node.key(curve))?;
        self.take(key)
    }

    #[pyo3(signature = (phrase, *, path = OptionalArg::ABSENT, passphrase = OptionalArg::ABSENT))]
    fn mnemonic_node<'py>(
        &self,
        py: Python<'py>,
        phrase: &Bound<'_, PyAny>,
        path: OptionalArg<'_>,
        passphrase: OptionalArg<'_>,
    ) -> PyResult<PublicNode<'py>> {
        let node = derived(py, &self.curve, phrase, path, passphrase, Ok)?;
        Ok((
            node.depth(),
            node.index(),
            PyBytes::new(py, &node.parent_fingerprint()),
            PyBytes::new(py, &node.fingerprint()),
            PyBytes::new(py, node.chain_code()),
            PyBytes::new(py, &node.public_key()),
        ))
    }

    #[pyo3(signature = (entropy, *, kek, owner, purpose))]
    fn create<'py>(
        &self,
        py: Python<'py>,
        entropy: &Bound<'_, PyAny>,
        kek: &Bound<'_, PyAny>,
        owner: &Bound<'_, PyAny>,
        purpose: &Bound<'_, PyAny>,
    ) -> PyResult<(u32, Bound<'py, PyBytes>, Bound<'py, PyBytes>)> {
        let entropy = Zeroizing::new(fixed::<CREATE_ENTROPY>("entropy", entropy)?);
        let kek = self::kek("kek", kek)?;
        let (owner, purpose) = (text("owner", owner)?, text("purpose", purpose)?);
        let (key, record) =
            create_key(&self.curve, &entropy, kek, owner, purpose).map_err(to_py)?;
        let address = PyBytes::new(py, key.address().as_slice());
        Ok((self.take(key)?, PyBytes::new(py, &record), address))
    }

    #[pyo3(signature = (handle, *, kek, owner, purpose, entropy))]
    fn seal<'py>(
        &self,
        py: Python<'py>,
        handle: &Bound<'_, PyAny>,
        kek: &Bound<'_, PyAny>,
        owner: &Bound<'_, PyAny>,
        purpose: &Bound<'_, PyAny>,
        entropy: &Bound<'_, PyAny>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let key = self.key(handle)?;
        let kek = self::kek("kek", kek)?;
        let (owner, purpose) = (text("owner", owner)?, text("purpose", purpose)?);
        let entropy = Zeroizing::new(fixed("entropy", entropy)?);
        let record = seal_key(&key, kek, owner, purpose, &entropy).map_err(to_py)?;
        Ok(PyBytes::new(py, &record))
    }

    #[pyo3(signature = (handle))]
    fn address<'py>(
        &self,
        py: Python<'py>,
        handle: &Bound<'_, PyAny>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, self.key(handle)?.address().as_slice()))
    }

    #[pyo3(signature = (handle))]
    fn public_key<'py>(
        &self,
        py: Python<'py>,
        handle: &Bound<'_, PyAny>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.key(handle)?.public_key()))
    }

    #[pyo3(signature = (handle, digest))]
    fn sign_digest<'py>(
        &self,
        py: Python<'py>,
        handle: &Bound<'_, PyAny>,
        digest: &Bound<'_, PyAny>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let key = self.key(handle)?;
        let digest = hash("digest", digest)?;
        let signature = key.sign(&self.curve, digest).map_err(to_py)?;
        Ok(PyBytes::new(py, &signature.rsv()))
    }

    #[pyo3(signature = (handle, digests))]
    fn sign_digests<'py>(
        &self,
        py: Python<'py>,
        handle: &Bound<'_, PyAny>,
        digests: &Bound<'_, PyAny>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let key = self.key(handle)?;
        let digests = bytes("digests", digests)?;
        let signed = detached(py, || key.sign_rows(&self.curve, digests))?;
        Ok(PyBytes::new(py, &signed))
    }

    #[pyo3(signature = (handle))]
    fn forget(&self, handle: &Bound<'_, PyAny>) -> PyResult<()> {
        let handle = int::<u32>("handle", handle)?;
        let forgotten = self.keys().forget(handle);
        forgotten.map_err(to_py)
    }

    fn __len__(&self) -> usize {
        self.keys().len()
    }

    fn __repr__(&self) -> String {
        format!("{:?}", *self.keys())
    }
}

fn derived<T: Send>(
    py: Python<'_>,
    curve: &Curve,
    phrase: &Bound<'_, PyAny>,
    path: OptionalArg<'_>,
    passphrase: OptionalArg<'_>,
    finish: impl FnOnce(Node) -> Result<T, vanta_core::CoreError> + Send,
) -> PyResult<T> {
    let phrase = bytes("phrase", phrase)?;
    let (path, passphrase) = (path.given(), passphrase.given());
    let path = path
        .as_ref()
        .map_or(Ok(DEFAULT_PATH), |any| text("path", any))?;
    let path = Path::parse(path).map_err(to_py)?;
    let passphrase = passphrase
        .as_ref()
        .map_or(Ok(b"".as_slice()), |any| bytes("passphrase", any))?;
    detached(py, || {
        let seed = Seed::from_phrase(phrase, passphrase)?;
        finish(Node::derive(curve, &seed, &path)?)
    })
}

/// Add the names of this file to the module.
pub(crate) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PyKeyring>()
}
