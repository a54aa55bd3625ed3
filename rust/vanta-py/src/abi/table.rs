//! The table of known functions, events and errors, and the events it finds in logs.

use std::collections::HashSet;

use alloy_primitives::{Address, B256};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyTuple};
use vanta_core::abi::{AbiTable, Event, Kind, Log};

use super::values::{items, named, tuple, values};
use crate::arrays::OptionalArg;
use crate::errors::{invalid, to_py};
use crate::words::{address, bytes, hash, text};

/// An event that a log was.
#[pyclass(frozen, module = "vanta._core", name = "Event")]
pub(super) struct PyEvent {
    #[pyo3(get)]
    name: String,
    #[pyo3(get)]
    signature: String,
    #[pyo3(get)]
    version: String,
    #[pyo3(get)]
    doubtful: bool,
    #[pyo3(get)]
    fields: Py<PyDict>,
}

impl PyEvent {
    fn new(py: Python<'_>, event: &Event<'_>) -> PyResult<Self> {
        let entry = event.entry;
        Ok(Self {
            name: entry.signature.name.clone(),
            signature: entry.canonical.clone(),
            version: entry.version.clone(),
            doubtful: entry.doubtful,
            fields: named(py, &entry.signature.inputs, &event.values)?.unbind(),
        })
    }
}

/// Known functions, events and errors.
#[pyclass(frozen, module = "vanta._core", name = "AbiTable")]
pub(super) struct PyAbiTable(AbiTable);

#[pymethods]
impl PyAbiTable {
    #[new]
    #[pyo3(signature = (extra=OptionalArg::ABSENT), text_signature = "(extra=())")]
    fn new(extra: OptionalArg<'_>) -> PyResult<Self> {
        let mut lines = Vec::new();
        if let Some(extra) = extra.given() {
            for line in items("extra", &extra)? {
                lines.push(text("extra", &line?)?.to_owned());
            }
        }
        let table = AbiTable::new(lines.iter().map(String::as_str));
        table.map(Self).map_err(to_py)
    }

    /// (kind, signature, selector or topic, version, doubtful) of all that is known.
    fn entries<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let rows = self.0.entries().iter().map(|entry| {
            let (kind, id) = match entry.kind {
                Kind::Function => ("function", PyBytes::new(py, &entry.selector())),
                Kind::Event => ("event", PyBytes::new(py, entry.hash.as_slice())),
                Kind::Error => ("error", PyBytes::new(py, &entry.selector())),
            };
            (kind, &entry.canonical, id, &entry.version, entry.doubtful)
        });
        PyList::new(py, rows.collect::<Vec<_>>())
    }

    /// Calldata of a function.
    fn encode_call<'py>(
        &self,
        py: Python<'py>,
        name: &Bound<'py, PyAny>,
        args: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let found = self.0.find(Kind::Function, text("name", name)?);
        let function = found.map_err(to_py)?;
        let args = values("args", function.inputs(), args)?;
        let made = function.encode_call(args).map_err(to_py)?;
        Ok(PyBytes::new(py, &made))
    }

    /// Signature and arguments of a call.
    fn decode_call<'py>(
        &self,
        py: Python<'py>,
        calldata: &Bound<'py, PyAny>,
    ) -> PyResult<Option<(&str, Bound<'py, PyTuple>)>> {
        let found = self.0.decode_call(bytes("calldata", calldata)?);
        match found.map_err(to_py)? {
            Some((function, args)) => Ok(Some((&function.canonical, tuple(py, &args)?))),
            None => Ok(None),
        }
    }

    /// Signature and values of the error that the data of a revert names.
    fn decode_error<'py>(
        &self,
        py: Python<'py>,
        data: &Bound<'py, PyAny>,
    ) -> PyResult<Option<(&str, Bound<'py, PyTuple>)>> {
        match self.0.decode_error(bytes("data", data)?) {
            Some((error, values)) => Ok(Some((&error.canonical, tuple(py, &values)?))),
            None => Ok(None),
        }
    }

    /// Bytes of what a function returns.
    fn encode_return<'py>(
        &self,
        py: Python<'py>,
        name: &Bound<'py, PyAny>,
        values: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let found = self.0.find(Kind::Function, text("name", name)?);
        let kinds = found.map_err(to_py)?.outputs();
        let values = self::values("values", kinds, values)?;
        let made = vanta_core::abi::encode(kinds, values).map_err(to_py)?;
        Ok(PyBytes::new(py, &made))
    }

    /// What a function returned.
    fn decode_return<'py>(
        &self,
        py: Python<'py>,
        name: &Bound<'py, PyAny>,
        data: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let found = self.0.find(Kind::Function, text("name", name)?);
        let kinds = found.map_err(to_py)?.outputs();
        let made = vanta_core::abi::decode(kinds, bytes("data", data)?).map_err(to_py)?;
        tuple(py, &made)
    }

    /// Topics and data of an event.
    fn encode_log<'py>(
        &self,
        py: Python<'py>,
        name: &Bound<'py, PyAny>,
        values: &Bound<'py, PyAny>,
    ) -> PyResult<(Vec<Bound<'py, PyBytes>>, Bound<'py, PyBytes>)> {
        let name = text("name", name)?;
        let found = self.0.find(Kind::Event, name);
        let values = self::values("values", found.map_err(to_py)?.inputs(), values)?;
        let (topics, data) = self.0.encode_log(name, values).map_err(to_py)?;
        let topics = topics
            .iter()
            .map(|topic| PyBytes::new(py, topic.as_slice()));
        Ok((topics.collect(), PyBytes::new(py, &data)))
    }

    /// The event each (emitter, topics, data) was, or None.
    #[pyo3(signature = (logs, *, emitters=None))]
    fn decode_logs(
        &self,
        py: Python<'_>,
        logs: &Bound<'_, PyAny>,
        emitters: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Vec<Option<PyEvent>>> {
        let emitters = emitters.map(addresses).transpose()?;
        let rows = items("logs", logs)?.map(|log| Row::read(&log?));
        let rows = rows.collect::<PyResult<Vec<_>>>()?;
        let logs = rows.iter().map(Row::log).collect::<PyResult<Vec<_>>>()?;
        let events = py.detach(|| self.0.decode_logs(&logs, emitters.as_ref()));
        let made = events.iter().map(|event| {
            let event = event.as_ref().map(|event| PyEvent::new(py, event));
            event.transpose()
        });
        made.collect()
    }
}

fn addresses(any: &Bound<'_, PyAny>) -> PyResult<HashSet<Address>> {
    let given = items("emitters", any)?;
    given.map(|one| address("emitters", &one?)).collect()
}

/// A log of the caller's list, held so that its data can be borrowed while the interpreter is free.
struct Row<'py> {
    emitter: Address,
    topics: Vec<B256>,
    data: Bound<'py, PyAny>,
}

impl<'py> Row<'py> {
    fn read(log: &Bound<'py, PyAny>) -> PyResult<Self> {
        let parts = items("logs", log)?.collect::<PyResult<Vec<_>>>()?;
        let [emitter, topics, data] = parts.as_slice() else {
            let reason = format!("holds an item of {} parts, must be 3", parts.len());
            return Err(invalid("logs", reason));
        };
        let topics = items("logs", topics)?.map(|topic| hash("logs", &topic?));
        Ok(Self {
            emitter: address("logs", emitter)?,
            topics: topics.collect::<PyResult<_>>()?,
            data: data.clone(),
        })
    }

    fn log(&self) -> PyResult<Log<'_>> {
        Ok(Log {
            emitter: self.emitter,
            topics: &self.topics,
            data: bytes("logs", &self.data)?,
        })
    }
}
