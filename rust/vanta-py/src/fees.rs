//! Bindings of `vanta_core::fees`.

use pyo3::prelude::*;
use pyo3::types::PyList;
use vanta_core::fees::{self, Bump, FeeMarket, FeePolicy, Fees, Header, Spend, Stuck};

use crate::arrays::{OptionalArg, array, int, int_or};
use crate::errors::{invalid, to_py};
use crate::words::{bytes, wei};

type Any<'a, 'py> = &'a Bound<'py, PyAny>;

fn wei_or(name: &'static str, given: OptionalArg<'_>, usual: u128) -> PyResult<u128> {
    given.given().map_or(Ok(usual), |any| wei(name, &any))
}

/// How the base fee of a chain moves.
#[pyclass(frozen, eq, module = "vanta._core", name = "FeeMarket")]
#[derive(PartialEq)]
pub(crate) struct PyFeeMarket(FeeMarket);

#[pymethods]
impl PyFeeMarket {
    /// A plain EIP-1559 market.
    #[new]
    #[pyo3(signature = (*, elasticity, denominator, min_base_fee_wei=OptionalArg::ABSENT),
        text_signature = "(*, elasticity, denominator, min_base_fee_wei=0)")]
    fn new(
        elasticity: Any<'_, '_>,
        denominator: Any<'_, '_>,
        min_base_fee_wei: OptionalArg<'_>,
    ) -> PyResult<Self> {
        let elasticity = int("elasticity", elasticity)?;
        let denominator = int("denominator", denominator)?;
        let minimum = wei_or("min_base_fee_wei", min_base_fee_wei, 0)?;
        FeeMarket::plain(elasticity, denominator, minimum)
            .map(Self)
            .map_err(to_py)
    }

    /// The market an OP-stack header carries.
    #[staticmethod]
    fn of_extra_data(extra_data: Any<'_, '_>) -> PyResult<Self> {
        FeeMarket::of_extra_data(bytes("extra_data", extra_data)?)
            .map(Self)
            .map_err(to_py)
    }

    #[getter]
    fn elasticity(&self) -> u64 {
        self.0.elasticity
    }

    #[getter]
    fn denominator(&self) -> u64 {
        self.0.denominator
    }

    #[getter]
    fn min_base_fee_wei(&self) -> u128 {
        self.0.min_base_fee_wei
    }

    /// Base fee `blocks` full blocks after the next one.
    #[pyo3(signature = (
        base_fee_wei, *, gas_used, gas_limit, blob_gas_used=OptionalArg::ABSENT,
        blocks=OptionalArg::ABSENT
    ), text_signature = "($self, base_fee_wei, *, gas_used, gas_limit, blob_gas_used=0, blocks=0)")]
    fn next_base_fee(
        &self,
        base_fee_wei: Any<'_, '_>,
        gas_used: Any<'_, '_>,
        gas_limit: Any<'_, '_>,
        blob_gas_used: OptionalArg<'_>,
        blocks: OptionalArg<'_>,
    ) -> PyResult<u128> {
        let parent = Header {
            base_fee_wei: wei("base_fee_wei", base_fee_wei)?,
            gas_used: int("gas_used", gas_used)?,
            gas_limit: int("gas_limit", gas_limit)?,
            blob_gas_used: int_or("blob_gas_used", blob_gas_used, 0)?,
        };
        let blocks = int_or("blocks", blocks, 0)?;
        fees::forecast_base_fee(&self.0, &parent, blocks).map_err(to_py)
    }
}

/// Limits of what is offered.
#[pyclass(frozen, module = "vanta._core", name = "FeePolicy")]
pub(crate) struct PyFeePolicy(FeePolicy);

#[pymethods]
impl PyFeePolicy {
    #[new]
    #[pyo3(signature = (
        *, min_tip_wei=OptionalArg::ABSENT, max_tip_wei=OptionalArg::ABSENT,
        max_cap_wei=OptionalArg::ABSENT, tip_percentile=OptionalArg::ABSENT,
        bump_bps=OptionalArg::ABSENT, max_multiple=OptionalArg::ABSENT,
        multiple_from_wei=OptionalArg::ABSENT
    ), text_signature = "(*, min_tip_wei=1, max_tip_wei=1_000_000_000, \
        max_cap_wei=100_000_000_000, tip_percentile=50, bump_bps=1_250, max_multiple=5, \
        multiple_from_wei=1_000_000_000)")]
    fn new(
        min_tip_wei: OptionalArg<'_>,
        max_tip_wei: OptionalArg<'_>,
        max_cap_wei: OptionalArg<'_>,
        tip_percentile: OptionalArg<'_>,
        bump_bps: OptionalArg<'_>,
        max_multiple: OptionalArg<'_>,
        multiple_from_wei: OptionalArg<'_>,
    ) -> PyResult<Self> {
        let usual = FeePolicy::default();
        FeePolicy {
            min_tip_wei: wei_or("min_tip_wei", min_tip_wei, usual.min_tip_wei)?,
            max_tip_wei: wei_or("max_tip_wei", max_tip_wei, usual.max_tip_wei)?,
            max_cap_wei: wei_or("max_cap_wei", max_cap_wei, usual.max_cap_wei)?,
            tip_percentile: int_or("tip_percentile", tip_percentile, usual.tip_percentile)?,
            bump_bps: int_or("bump_bps", bump_bps, usual.bump_bps)?,
            max_multiple: int_or("max_multiple", max_multiple, usual.max_multiple)?,
            multiple_from_wei: wei_or(
                "multiple_from_wei",
                multiple_from_wei,
                usual.multiple_from_wei,
            )?,
        }
        .validate()
        .map(Self)
        .map_err(to_py)
    }
}

/// A price per gas, and how it came about.
#[pyclass(frozen, eq, module = "vanta._core", name = "Fees")]
#[derive(PartialEq)]
pub(crate) struct PyFees {
    fees: Fees,
    reason: &'static str,
}

#[pymethods]
impl PyFees {
    #[getter]
    fn tip_wei(&self) -> u128 {
        self.fees.tip_wei
    }

    #[getter]
    fn cap_wei(&self) -> u128 {
        self.fees.cap_wei
    }

    /// MARKET or CEILING of an offer; BUMP, MULTIPLE, CEILING or BUDGET of a bump.
    #[getter]
    fn reason(&self) -> &'static str {
        self.reason
    }

    fn __repr__(&self) -> String {
        format!(
            "Fees({}, tip_wei={}, cap_wei={})",
            self.reason, self.fees.tip_wei, self.fees.cap_wei
        )
    }
}

/// The first offer.
#[pyfunction]
#[pyo3(signature = (next_base_fee_wei, *, min_base_fee_wei, rewards_wei, policy))]
fn choose_fees(
    next_base_fee_wei: Any<'_, '_>,
    min_base_fee_wei: Any<'_, '_>,
    rewards_wei: Any<'_, '_>,
    policy: &PyFeePolicy,
) -> PyResult<PyFees> {
    let base = wei("next_base_fee_wei", next_base_fee_wei)?;
    let minimum = wei("min_base_fee_wei", min_base_fee_wei)?;
    let rewards: Vec<u64> = array("rewards_wei", rewards_wei)?;
    let fees = fees::choose_fees(base, minimum, &rewards, &policy.0).map_err(to_py)?;
    let reason = if fees.limited { "CEILING" } else { "MARKET" };
    Ok(PyFees { fees, reason })
}

/// The price that replaces a stuck attempt, or the old one to send again and why.
#[pyfunction]
#[pyo3(signature = (
    tip_wei, *, cap_wei, market_tip_wei, next_base_fee_wei, min_base_fee_wei, gas_limit, budget_wei,
    value_wei=OptionalArg::ABSENT, l1_fee_wei=OptionalArg::ABSENT,
    operator_fee_wei=OptionalArg::ABSENT, policy
), text_signature = "(tip_wei, *, cap_wei, market_tip_wei, next_base_fee_wei, min_base_fee_wei, \
    gas_limit, budget_wei, value_wei=0, l1_fee_wei=0, operator_fee_wei=0, policy)")]
#[expect(
    clippy::too_many_arguments,
    reason = "one argument per field, by keyword"
)]
fn bump_fees(
    tip_wei: Any<'_, '_>,
    cap_wei: Any<'_, '_>,
    market_tip_wei: Any<'_, '_>,
    next_base_fee_wei: Any<'_, '_>,
    min_base_fee_wei: Any<'_, '_>,
    gas_limit: Any<'_, '_>,
    budget_wei: Any<'_, '_>,
    value_wei: OptionalArg<'_>,
    l1_fee_wei: OptionalArg<'_>,
    operator_fee_wei: OptionalArg<'_>,
    policy: &PyFeePolicy,
) -> PyResult<PyFees> {
    let cap = wei("cap_wei", cap_wei)?;
    let stuck = Stuck {
        tip_wei: wei("tip_wei", tip_wei)?,
        cap_wei: cap,
        market_tip_wei: wei("market_tip_wei", market_tip_wei)?,
        next_base_fee_wei: wei("next_base_fee_wei", next_base_fee_wei)?,
        min_base_fee_wei: wei("min_base_fee_wei", min_base_fee_wei)?,
        spend: Spend {
            gas_limit: int("gas_limit", gas_limit)?,
            cap_wei: cap,
            value_wei: wei_or("value_wei", value_wei, 0)?,
            l1_fee_wei: wei_or("l1_fee_wei", l1_fee_wei, 0)?,
            operator_fee_wei: wei_or("operator_fee_wei", operator_fee_wei, 0)?,
        },
        budget_wei: wei("budget_wei", budget_wei)?,
    };
    let Bump { reason, fees } = fees::bump_fees(&stuck, &policy.0).map_err(to_py)?;
    let reason = reason.name();
    Ok(PyFees { fees, reason })
}

/// The most a transaction can take from its wallet, wei.
#[pyfunction]
#[pyo3(signature = (
    gas_limit, *, cap_wei, value_wei=OptionalArg::ABSENT, l1_fee_wei=OptionalArg::ABSENT,
    operator_fee_wei=OptionalArg::ABSENT
), text_signature = "(gas_limit, *, cap_wei, value_wei=0, l1_fee_wei=0, operator_fee_wei=0)")]
fn max_spend(
    gas_limit: Any<'_, '_>,
    cap_wei: Any<'_, '_>,
    value_wei: OptionalArg<'_>,
    l1_fee_wei: OptionalArg<'_>,
    operator_fee_wei: OptionalArg<'_>,
) -> PyResult<u128> {
    fees::max_spend(&Spend {
        gas_limit: int("gas_limit", gas_limit)?,
        cap_wei: wei("cap_wei", cap_wei)?,
        value_wei: wei_or("value_wei", value_wei, 0)?,
        l1_fee_wei: wei_or("l1_fee_wei", l1_fee_wei, 0)?,
        operator_fee_wei: wei_or("operator_fee_wei", operator_fee_wei, 0)?,
    })
    .map_err(to_py)
}

/// What is left of a budget when everything in flight costs its most, wei.
#[pyfunction]
#[pyo3(signature = (budget_wei, *, in_flight_wei))]
fn budget_left(budget_wei: Any<'_, '_>, in_flight_wei: Any<'_, '_>) -> PyResult<u128> {
    let budget = wei("budget_wei", budget_wei)?;
    let Ok(list) = in_flight_wei.cast::<PyList>() else {
        return Err(invalid("in_flight_wei", "must be a list of integers"));
    };
    let spends: PyResult<Vec<u128>> = list.iter().map(|one| wei("in_flight_wei", &one)).collect();
    fees::budget_left(budget, &spends?).map_err(to_py)
}

/// Add the names of this file to the module.
pub(crate) fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<PyFeeMarket>()?;
    m.add_class::<PyFeePolicy>()?;
    m.add_class::<PyFees>()?;
    m.add_function(wrap_pyfunction!(choose_fees, m)?)?;
    m.add_function(wrap_pyfunction!(bump_fees, m)?)?;
    m.add_function(wrap_pyfunction!(max_spend, m)?)?;
    m.add_function(wrap_pyfunction!(budget_left, m)?)
}
