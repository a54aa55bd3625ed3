//! `AggregateConfig`: constants by keyword.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use vanta_core::price::AggregateConfig;

use super::values::saturated;
use crate::errors::to_py;

/// Constants of the aggregation (defaults as documented in the price rules).
#[pyclass(frozen, module = "vanta._core", name = "AggregateConfig")]
pub(crate) struct PyAggregateConfig(AggregateConfig);

impl PyAggregateConfig {
    pub(crate) fn inner(&self) -> &AggregateConfig {
        &self.0
    }
}

#[pymethods]
impl PyAggregateConfig {
    #[new]
    #[pyo3(signature = (**constants), text_signature = "(*, version=1, stream_max_age_ns=5000000000, future_skew_ns=1000000000, deviation_e10=50000000, tolerance_cap_e10=150000000, max_conf_e10=50000000, jump_base_e10=200000000, jump_slope_e10=50000000, jump_cap_e10=1000000000, jump_confirmations=3, expo_confirmations=5, frozen_after_ns=60000000000, frozen_move_e10=20000000, frozen_push_ns=30000000000, strikes=3, strike_window_ns=60000000000, quarantine_ns=60000000000, quarantine_max_ns=900000000000, return_after_ns=10000000000, return_updates=5, breaker_conflict_ns=3000000000, breaker_move_e10=500000000, breaker_contested_e10=200000000, breaker_window_ns=10000000000, breaker_open_ns=30000000000, breaker_good=10, display_ns=900000000000, clock_offset_ns=500000000, sequencer_grace_ns=3600000000000, divergence_e10=30000000, divergence_after_ns=120000000000, divergence_tau_ns=30000000000)")]
    fn new(constants: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let mut config = AggregateConfig::default();
        if let Some(constants) = constants {
            for (name, value) in constants {
                let name: String = name.extract()?;
                // Clamped values are out of every range, so they are refused with their name.
                let value = saturated("constant", &value)
                    .map_err(|_| PyTypeError::new_err(format!("{name} must be an integer")))?;
                config
                    .set(&name, value)
                    .map_err(|error| PyTypeError::new_err(error.to_string()))?;
            }
        }
        config.validate().map_err(to_py)?;
        Ok(Self(config))
    }

    /// Version of the rules, carried by each quote.
    #[getter]
    fn version(&self) -> i64 {
        self.0.version
    }
}
