//! Arguments in: integers and one-dimensional arrays, checked and named.
//!
//! Arrays are copied: the interpreter is released while a batch computes, and Python could write to
//! a borrowed array meanwhile. No dtype is cast and no layout repaired silently.

use std::ops::Range;

use numpy::{Element, PyArray1, PyArrayMethods, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::Borrowed;
use pyo3::exceptions::{PyOverflowError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyList, PyTuple};
use vanta_core::CoreError;
use vanta_core::units::{
    MarketIx, PercentE10, PriceE10, RatioE10, SourceIx, TimeNs, UsdE6, UserIx,
};

use crate::errors::{invalid, to_py};

/// Something an integer argument can become.
pub(crate) trait FromInt: Sized {
    /// The raw integer read from Python.
    type Raw: for<'a, 'py> FromPyObject<'a, 'py, Error = PyErr>;
    /// Text for an integer that does not fit `Raw`.
    const FITS: &'static str;
    /// Check the range.
    fn from_raw(raw: Self::Raw) -> Result<Self, CoreError>;
}

macro_rules! from_int {
    ($($name:ident($raw:ty, $fits:literal)),+) => {$(
        impl FromInt for $name {
            type Raw = $raw;
            const FITS: &'static str = $fits;
            fn from_raw(raw: $raw) -> Result<Self, CoreError> {
                Self::new(raw)
            }
        }
    )+};
}

macro_rules! from_plain_int {
    ($($raw:ty, $fits:literal);+) => {$(
        impl FromInt for $raw {
            type Raw = $raw;
            const FITS: &'static str = $fits;
            fn from_raw(raw: $raw) -> Result<Self, CoreError> {
                Ok(raw)
            }
        }
    )+};
}

from_int!(
    PriceE10(i64, "a signed 64-bit integer"),
    RatioE10(i64, "a signed 64-bit integer"),
    PercentE10(i64, "a signed 64-bit integer"),
    UsdE6(i64, "a signed 64-bit integer"),
    TimeNs(i64, "a signed 64-bit integer"),
    MarketIx(u16, "0..=65535"),
    SourceIx(u16, "0..=65535"),
    UserIx(u32, "0..=4294967295")
);
from_plain_int!(
    i64, "a signed 64-bit integer";
    u64, "an unsigned 64-bit integer";
    u128, "an unsigned 128-bit integer";
    i32, "a signed 32-bit integer";
    u32, "0..=4294967295";
    u16, "0..=65535";
    u8, "0..=255"
);

/// The integer argument `name`.
///
/// # Errors
/// `TypeError` for anything that is not an integer, `InvalidInput` outside of the range.
pub(crate) fn int<T: FromInt>(name: &'static str, any: &Bound<'_, PyAny>) -> PyResult<T> {
    // To Python a bool is an integer; here it is somebody's mistake.
    if any.is_instance_of::<PyBool>() {
        return Err(not_an_integer(name, any));
    }
    let raw = any.extract::<T::Raw>().map_err(|error| {
        if error.is_instance_of::<PyOverflowError>(any.py()) {
            invalid(name, format!("{} does not fit {}", shorten(any), T::FITS))
        } else {
            not_an_integer(name, any)
        }
    })?;
    T::from_raw(raw).map_err(|error| to_py(error.named(name)))
}

/// `TypeError` about the argument `name`.
pub(crate) fn not_an_integer(name: &'static str, any: &Bound<'_, PyAny>) -> PyErr {
    PyTypeError::new_err(format!("{name} must be an integer, not {}", type_name(any)))
}

/// An argument that may be left out. Passing `None` is not leaving it out: it is a wrong type.
pub(crate) struct OptionalArg<'py>(Option<Bound<'py, PyAny>>);

impl OptionalArg<'_> {
    /// Left out.
    pub(crate) const ABSENT: Self = Self(None);
}

impl<'py> OptionalArg<'py> {
    /// What was given, if anything.
    pub(crate) fn given(self) -> Option<Bound<'py, PyAny>> {
        self.0
    }
}

impl<'py> FromPyObject<'_, 'py> for OptionalArg<'py> {
    type Error = PyErr;

    fn extract(given: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        Ok(Self(Some(given.to_owned())))
    }
}

/// As [`int`], `default` where the argument was left out.
///
/// # Errors
/// As [`int`].
pub(crate) fn int_or<T: FromInt>(
    name: &'static str,
    argument: OptionalArg<'_>,
    default: T,
) -> PyResult<T> {
    argument.given().map_or(Ok(default), |any| int(name, &any))
}

/// The short sequence of integers `name` (a list or tuple, not an array).
///
/// # Errors
/// `TypeError` for no sequence or an element that is no integer, `InvalidInput` outside of the range.
pub(crate) fn ints<T: FromInt>(name: &'static str, any: &Bound<'_, PyAny>) -> PyResult<Vec<T>> {
    elements(name, any)?
        .iter()
        .map(|one| int(name, one))
        .collect()
}

/// The short sequence of pairs `name`.
///
/// # Errors
/// `TypeError` for no sequence or an element that is no pair.
pub(crate) fn pairs<'py>(
    name: &'static str,
    any: &Bound<'py, PyAny>,
) -> PyResult<Vec<(Bound<'py, PyAny>, Bound<'py, PyAny>)>> {
    elements(name, any)?
        .iter()
        .map(|one| match elements(name, one)?.as_slice() {
            [first, second] => Ok((first.clone(), second.clone())),
            other => Err(invalid(
                name,
                format!("has an element of {} values, must be pairs", other.len()),
            )),
        })
        .collect()
}

fn elements<'py>(name: &'static str, any: &Bound<'py, PyAny>) -> PyResult<Vec<Bound<'py, PyAny>>> {
    if any.is_instance_of::<PyList>() || any.is_instance_of::<PyTuple>() {
        return any.try_iter()?.collect();
    }
    Err(PyTypeError::new_err(format!(
        "{name} must be a list or tuple, not {}",
        type_name(any)
    )))
}

/// A raw row value as its unit, the error naming the argument and the row.
///
/// # Errors
/// `AtRow` outside of the unit's range.
pub(crate) fn row<T: FromInt>(
    name: &'static str,
    index: usize,
    raw: T::Raw,
) -> Result<T, CoreError> {
    T::from_raw(raw).map_err(|error| error.named(name).at_row(index))
}

/// Name of the type of `any`, for error texts.
pub(crate) fn type_name(any: &Bound<'_, PyAny>) -> String {
    any.get_type()
        .name()
        .map_or_else(|_| String::from("?"), |name| name.to_string())
}

// An integer of a million digits must not become an error text of a million digits, and Python
// refuses to print one beyond 4300 digits.
pub(crate) fn shorten(any: &Bound<'_, PyAny>) -> String {
    match any.str() {
        Ok(text) => {
            let text = text.to_string_lossy().into_owned();
            if text.len() > 40 {
                format!("an integer of {} digits", text.len())
            } else {
                text
            }
        }
        Err(_) => String::from("an integer of thousands of digits"),
    }
}

/// The array argument `name`, checked, not yet read.
fn checked<'a, 'py, T: Element + Copy>(
    name: &'static str,
    any: &'a Bound<'py, PyAny>,
) -> PyResult<&'a Bound<'py, PyArray1<T>>> {
    if let Ok(typed) = any.cast::<PyArray1<T>>()
        && typed.is_contiguous()
    {
        return Ok(typed);
    }
    Err(misshapen::<T>(name, any))
}

// What is wrong with an array that `checked` refuses.
#[cold]
fn misshapen<T: Element + Copy>(name: &'static str, any: &Bound<'_, PyAny>) -> PyErr {
    let Ok(untyped) = any.cast::<PyUntypedArray>() else {
        return invalid(
            name,
            format!("must be a numpy array, not {}", type_name(any)),
        );
    };
    if untyped.ndim() != 1 {
        return invalid(
            name,
            format!("has {} dimensions, must have 1", untyped.ndim()),
        );
    }
    if any.cast::<PyArray1<T>>().is_err() {
        let wanted = numpy::dtype::<T>(any.py());
        return invalid(
            name,
            format!("has dtype {}, must be {wanted}", untyped.dtype()),
        );
    }
    invalid(name, "is not contiguous")
}

/// The array argument `name`, copied.
///
/// # Errors
/// `InvalidInput` when it is no array, has another dtype, is not one-dimensional or not contiguous.
pub(crate) fn array<T: Element + Copy>(
    name: &'static str,
    any: &Bound<'_, PyAny>,
) -> PyResult<Vec<T>> {
    checked(name, any)?
        .to_vec()
        .map_err(|_| invalid(name, "is not contiguous"))
}

/// Rows of a long batch that are copied at once: few enough to stay in the cache from the copying
/// to the last use, and enough that the interpreter changes hands seldom.
const PIECE: usize = 32_768;

/// The pieces of a batch of `n` rows.
pub(crate) fn pieces(n: usize) -> impl Iterator<Item = Range<usize>> {
    (0..n)
        .step_by(PIECE)
        .map(move |start| start..n.min(start + PIECE))
}

/// A column that is copied piece by piece, each into the place of the one before.
pub(crate) struct Column<'a, 'py, T: Element> {
    name: &'static str,
    array: &'a Bound<'py, PyArray1<T>>,
    piece: Vec<T>,
}

impl<'a, 'py, T: Element + Copy> Column<'a, 'py, T> {
    /// The array argument `name`.
    ///
    /// # Errors
    /// As [`array`].
    pub(crate) fn new(name: &'static str, any: &'a Bound<'py, PyAny>) -> PyResult<Self> {
        Ok(Self {
            name,
            array: checked(name, any)?,
            piece: Vec::new(),
        })
    }

    /// As [`Column::new`], with exactly `len` rows (those of the array `like`).
    ///
    /// # Errors
    /// As [`array_like`].
    pub(crate) fn like(
        name: &'static str,
        any: &'a Bound<'py, PyAny>,
        len: usize,
        like: &'static str,
    ) -> PyResult<Self> {
        let column = Self::new(name, any)?;
        same_length(name, column.len(), len, like)?;
        Ok(column)
    }

    /// Rows of the whole column.
    pub(crate) fn len(&self) -> usize {
        self.array.len()
    }

    /// Copy these rows; the interpreter is held meanwhile.
    ///
    /// # Errors
    /// `InvalidInput` when the array was made shorter or is being written to.
    pub(crate) fn load(&mut self, rows: Range<usize>) -> PyResult<()> {
        let changed = || invalid(self.name, "was changed while it was read");
        let whole = self.array.try_readonly().map_err(|_| changed())?;
        let rows = whole.as_slice().ok().and_then(|whole| whole.get(rows));
        self.piece.clear();
        self.piece.extend_from_slice(rows.ok_or_else(changed)?);
        Ok(())
    }

    /// The rows copied last.
    pub(crate) fn rows(&self) -> &[T] {
        &self.piece
    }
}

/// Write a piece of an answer to where it belongs.
///
/// # Errors
/// `InvalidInput` when the array was made read-only, shorter or non-contiguous meanwhile.
pub(crate) fn store<T: Element + Copy>(
    out: &Bound<'_, PyArray1<T>>,
    rows: Range<usize>,
    piece: &[T],
) -> PyResult<()> {
    let lost = || {
        invalid(
            "out",
            "cannot be written, or has another length than it had",
        )
    };
    let mut whole = out.try_readwrite().map_err(|_| lost())?;
    let slots = whole.as_slice_mut().ok().and_then(|all| all.get_mut(rows));
    match slots {
        Some(slots) if slots.len() == piece.len() => slots.copy_from_slice(piece),
        _ => return Err(lost()),
    }
    Ok(())
}

/// Refuse another length than that of `like`.
///
/// # Errors
/// `InvalidInput` naming both.
pub(crate) fn same_length(
    name: &'static str,
    found: usize,
    len: usize,
    like: &'static str,
) -> PyResult<()> {
    if found == len {
        return Ok(());
    }
    Err(invalid(name, format!("has {found} rows, {like} has {len}")))
}

/// As [`array`], with exactly `len` elements (that of the array `like`).
///
/// # Errors
/// As [`array`], and `InvalidInput` for another length.
pub(crate) fn array_like<T: Element + Copy>(
    name: &'static str,
    any: &Bound<'_, PyAny>,
    len: usize,
    like: &'static str,
) -> PyResult<Vec<T>> {
    let values = array(name, any)?;
    same_length(name, values.len(), len, like)?;
    Ok(values)
}
