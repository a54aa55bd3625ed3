//! Messages of intents: dictionaries of exactly the fields of a type, in and out.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyBytes, PyDict, PyString};
use vanta_core::eip712::{FieldType, INTENT_KINDS, Intent, StructType, Value};

use crate::arrays::type_name;
use crate::errors::{invalid, to_py};
use crate::words;

/// A type of intents with its field names as Python holds them: made once, since a batch would make
/// them anew for every row.
pub(crate) struct Kind {
    pub(crate) core: &'static StructType,
    fields: Vec<(Py<PyString>, Option<Kind>)>,
}

static KINDS: PyOnceLock<Vec<Kind>> = PyOnceLock::new();

impl Kind {
    /// The type called `name`.
    ///
    /// # Errors
    /// `TypeError` for anything that is no `str`, `InvalidInput` for no type.
    pub(crate) fn named<'a>(name: &Bound<'a, PyAny>) -> PyResult<&'a Self> {
        let py = name.py();
        let text = text("kind", name)?;
        let kinds = KINDS.get_or_init(py, || {
            INTENT_KINDS
                .iter()
                .map(|kind| Self::new(py, kind))
                .collect()
        });
        kinds
            .iter()
            .find(|kind| kind.core.name == text)
            .ok_or_else(|| invalid("kind", format!("{:?} is no intent type", start(text))))
    }

    fn new(py: Python<'_>, core: &'static StructType) -> Self {
        let fields = core.fields.iter().map(|field| {
            let inner = match field.kind {
                FieldType::Struct(inner) => Some(Self::new(py, inner)),
                _ => None,
            };
            (PyString::intern(py, field.name).unbind(), inner)
        });
        Self {
            core,
            fields: fields.collect(),
        }
    }

    /// The intent of a message.
    ///
    /// # Errors
    /// `TypeError` for a value of another type, `InvalidInput` for a missing or unknown field or a
    /// value outside of its range; both name the field.
    pub(crate) fn read(&self, message: &Bound<'_, PyAny>) -> PyResult<Intent> {
        let mut values = Vec::with_capacity(20);
        self.read_into(&mut values, "message", message)?;
        Intent::new(self.core, values).map_err(to_py)
    }

    fn read_into(
        &self,
        values: &mut Vec<Value>,
        name: &'static str,
        message: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let py = message.py();
        let Ok(message) = message.cast::<PyDict>() else {
            return Err(wrong_type(name, "a dict", message));
        };
        for (field, (key, inner)) in self.core.fields.iter().zip(&self.fields) {
            let Some(value) = message.get_item(key.bind(py))? else {
                return Err(invalid(
                    field.name,
                    format!("is missing from {}", self.core.name),
                ));
            };
            if let Some(inner) = inner {
                inner.read_into(values, field.name, &value)?;
            } else {
                values.push(read_value(field.name, field.kind, &value)?);
            }
        }
        if message.len() == self.fields.len() {
            return Ok(());
        }
        let given: Vec<String> = message.keys().iter().map(|key| key.to_string()).collect();
        let known = |name: &String| self.core.fields.iter().any(|field| field.name == *name);
        let unknown = given
            .iter()
            .find(|name| !known(name))
            .map_or("", |name| start(name));
        Err(invalid(
            name,
            format!("has the field {unknown:?}, {} has not", self.core.name),
        ))
    }

    /// A message of values in the order of the type.
    ///
    /// # Errors
    /// Only when Python is out of memory.
    pub(crate) fn write<'py>(
        &self,
        py: Python<'py>,
        values: &mut impl Iterator<Item = Value>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let message = PyDict::new(py);
        for (key, inner) in &self.fields {
            if let Some(inner) = inner {
                message.set_item(key, inner.write(py, values)?)?;
            } else if let Some(value) = values.next() {
                message.set_item(key, write_value(py, &value)?)?;
            }
        }
        Ok(message)
    }
}

fn read_value(name: &'static str, kind: FieldType, value: &Bound<'_, PyAny>) -> PyResult<Value> {
    Ok(match kind {
        FieldType::Address => Value::Address(words::address(name, value)?),
        FieldType::Bool => match value.cast::<PyBool>() {
            Ok(flag) => Value::Bool(flag.is_true()),
            Err(_) => return Err(wrong_type(name, "a bool", value)),
        },
        FieldType::Uint8 | FieldType::Uint256 => Value::Uint(words::u256(name, value)?),
        FieldType::Int256 => Value::Int(words::i256(name, value)?),
        FieldType::Bytes32 => Value::Word(words::hash(name, value)?),
        FieldType::Text | FieldType::Struct(_) => Value::Text(text(name, value)?.to_owned()),
    })
}

fn write_value<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Address(address) => PyBytes::new(py, address.as_slice()).into_any(),
        Value::Bool(flag) => PyBool::new(py, *flag).to_owned().into_any(),
        Value::Uint(number) => words::uint(py, *number)?,
        Value::Int(number) => words::sint(py, *number)?,
        Value::Word(word) => PyBytes::new(py, word.as_slice()).into_any(),
        Value::Text(text) => PyString::new(py, text).into_any(),
    })
}

/// The text argument `name`, borrowed.
///
/// # Errors
/// `TypeError` for anything that is no `str`, `InvalidInput` for text that UTF-8 cannot spell.
pub(crate) fn text<'a>(name: &'static str, any: &'a Bound<'_, PyAny>) -> PyResult<&'a str> {
    match any.cast::<PyString>() {
        Ok(text) => text
            .to_str()
            .map_err(|_| invalid(name, "is not valid Unicode")),
        Err(_) => Err(wrong_type(name, "a str", any)),
    }
}

/// `TypeError` about the argument `name`.
pub(crate) fn wrong_type(name: &'static str, wanted: &str, any: &Bound<'_, PyAny>) -> PyErr {
    PyTypeError::new_err(format!("{name} must be {wanted}, not {}", type_name(any)))
}

// Foreign text inside of our own stays short.
fn start(text: &str) -> &str {
    text.char_indices()
        .nth(40)
        .and_then(|(end, _)| text.get(..end))
        .unwrap_or(text)
}
