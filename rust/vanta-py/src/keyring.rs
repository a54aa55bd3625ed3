//! Bindings of `vanta_core::keyring`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use vanta_core::CoreError;
use vanta_core::ecdsa::Curve;
use vanta_core::keyring::Key;
use zeroize::Zeroizing;

use crate::arrays::int;
use crate::errors::to_py;
use crate::words::fixed;

/// Keys that sign. Python holds handles.
#[pyclass(name = "Keyring", frozen, module = "vanta._core")]
pub(crate) struct PyKeyring {
    curve: Curve,
    keys: Mutex<BTreeMap<u32, Arc<Key>>>,
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
        let keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.get(&handle).cloned().ok_or_else(|| {
            to_py(CoreError::Unknown {
                name: "handle",
                value: u64::from(handle),
            })
        })
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
            keys: Mutex::new(BTreeMap::new()),
        })
    }

    #[pyo3(signature = (secret))]
    fn add(&self, secret: &Bound<'_, PyAny>) -> PyResult<u32> {
        let secret = Zeroizing::new(fixed("secret", secret)?);
        let key = Key::new(&self.curve, secret).map_err(to_py)?;
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let handle = keys
            .last_key_value()
            .map_or(0, |(last, _)| last.wrapping_add(1));
        keys.insert(handle, Arc::new(key));
        Ok(handle)
    }

    fn address<'py>(
        &self,
        py: Python<'py>,
        handle: &Bound<'_, PyAny>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, self.key(handle)?.address().as_slice()))
    }
}

/// Add the names of this file to the module.
pub(crate) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PyKeyring>()
}
