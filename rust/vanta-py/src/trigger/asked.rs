//! What is to be armed: one trigger by keyword, or one array per field.

use pyo3::prelude::*;
use vanta_core::CoreError;
use vanta_core::margin::Side;
use vanta_core::trigger::{Arming, TriggerKind};
use vanta_core::units::PriceE10;

use crate::arrays::{OptionalArg, array, array_like, int, int_or, row};
use crate::errors::to_py;

/// The trigger of a scalar call.
#[expect(
    clippy::too_many_arguments,
    reason = "the fields of one trigger, by keyword"
)]
pub(super) fn arming(
    id: &Bound<'_, PyAny>,
    version: &Bound<'_, PyAny>,
    market_ix: &Bound<'_, PyAny>,
    kind: &Bound<'_, PyAny>,
    is_long: bool,
    level_e10: &Bound<'_, PyAny>,
    distance_e10: OptionalArg<'_>,
    offset_e10: OptionalArg<'_>,
) -> PyResult<Arming> {
    Ok(Arming {
        id: int("id", id)?,
        version: int("version", version)?,
        market: int("market_ix", market_ix)?,
        kind: TriggerKind::from_index(int("kind", kind)?).map_err(to_py)?,
        side: Side::from_is_long(is_long),
        level: int("level_e10", level_e10)?,
        distance: int_or("distance_e10", distance_e10, PriceE10::ZERO)?,
        offset: int_or("offset_e10", offset_e10, 0)?,
    })
}

/// The triggers of a batch call, row by row.
#[expect(clippy::too_many_arguments, reason = "one array per field")]
pub(super) fn armings(
    id: &Bound<'_, PyAny>,
    version: &Bound<'_, PyAny>,
    market_ix: &Bound<'_, PyAny>,
    kind: &Bound<'_, PyAny>,
    is_long: &Bound<'_, PyAny>,
    level_e10: &Bound<'_, PyAny>,
    distance_e10: &Bound<'_, PyAny>,
    offset_e10: &Bound<'_, PyAny>,
) -> PyResult<Vec<Arming>> {
    let id: Vec<i64> = array("id", id)?;
    let (n, like) = (id.len(), "id");
    let version: Vec<u32> = array_like("version", version, n, like)?;
    let market: Vec<u16> = array_like("market_ix", market_ix, n, like)?;
    let kind: Vec<u8> = array_like("kind", kind, n, like)?;
    let is_long: Vec<bool> = array_like("is_long", is_long, n, like)?;
    let level: Vec<i64> = array_like("level_e10", level_e10, n, like)?;
    let distance: Vec<i64> = array_like("distance_e10", distance_e10, n, like)?;
    let offset: Vec<i64> = array_like("offset_e10", offset_e10, n, like)?;
    let whose = id.iter().zip(&version).zip(&market).zip(&kind);
    let numbers = is_long.iter().zip(&level).zip(&distance).zip(&offset);
    let rows = whose.zip(numbers).enumerate();
    rows.map(
        |(i, ((((&id, &version), &market), &kind), (((&is_long, &level), &distance), &offset)))| {
            Ok(Arming {
                id,
                version,
                market: row("market_ix", i, market)?,
                kind: TriggerKind::from_index(u16::from(kind)).map_err(|e| e.at_row(i))?,
                side: Side::from_is_long(is_long),
                level: row("level_e10", i, level)?,
                distance: row("distance_e10", i, distance)?,
                offset,
            })
        },
    )
    .collect::<Result<_, CoreError>>()
    .map_err(to_py)
}
