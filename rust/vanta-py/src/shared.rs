//! One book for all threads: who waits for its lock, and who holds the interpreter meanwhile.

use std::sync::{Mutex, TryLockError};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use vanta_core::CoreError;

use crate::errors::to_py;

/// The book behind its lock. Nobody waits for the lock holding the interpreter, and nobody waits
/// for the interpreter holding the lock.
#[derive(Default)]
pub(crate) struct Shared<B>(Mutex<B>);

fn broken() -> PyErr {
    PyRuntimeError::new_err("the book was left half changed by an earlier failure")
}

impl<B: Send> Shared<B> {
    /// Run a short `work`: the interpreter is kept when the lock is free, released otherwise.
    pub(crate) fn with<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut B) -> Result<T, CoreError> + Send,
    ) -> PyResult<T> {
        let result = match self.0.try_lock() {
            Ok(mut book) => work(&mut book),
            Err(TryLockError::WouldBlock) => return self.with_detached(py, work),
            Err(TryLockError::Poisoned(_)) => return Err(broken()),
        };
        result.map_err(to_py)
    }

    /// Run a long `work` with the interpreter released.
    pub(crate) fn with_detached<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut B) -> Result<T, CoreError> + Send,
    ) -> PyResult<T> {
        let result = py.detach(|| self.0.lock().ok().map(|mut book| work(&mut book)));
        result.ok_or_else(broken)?.map_err(to_py)
    }
}
