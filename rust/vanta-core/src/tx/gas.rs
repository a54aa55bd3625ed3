//! Gas that a transaction costs before any code runs: a limit below it is refused by every node.

use super::transaction::Transaction;
use crate::CoreError;

/// What a chain charges. Transaction 21 000, address 2 400 and slot 1 900 (EIP-2930) and
/// authorization 25 000 (EIP-7702) have never changed; these did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GasPrices {
    /// For a byte of calldata that is not zero: 68, from EIP-2028 on 16.
    pub nonzero_byte: u64,
    /// For a contract created: 0, from EIP-2 on 32 000.
    pub create: u64,
    /// For 32 bytes of init code: 0, from EIP-3860 on 2.
    pub init_word: u64,
    /// For a token of the floor, a zero byte being one and another four: 0, from EIP-7623 on 10.
    pub floor_token: u64,
}

impl GasPrices {
    /// Those of Prague, which Base has had since Isthmus.
    pub const PRAGUE: Self = Self {
        nonzero_byte: 16,
        create: 32_000,
        init_word: 2,
        floor_token: 10,
    };
}

/// Two bounds; the gas limit must reach both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IntrinsicGas {
    /// Charged before code runs.
    pub intrinsic: u64,
    /// Charged at least, however little code runs (EIP-7623).
    pub floor: u64,
}

const BASE: u64 = 21_000;
const ZERO_BYTE: u64 = 4;
const ADDRESS: u64 = 2_400;
const SLOT: u64 = 1_900;
const AUTHORIZATION: u64 = 25_000;

/// Gas that `tx` costs before any code runs.
///
/// intrinsic = 21 000 + 4 a zero byte + `nonzero_byte` another + 2 400 a declared address + 1 900 a
/// slot + 25 000 an authorization, and for a creation `create` + `init_word` for 32 bytes begun;
/// floor = 21 000 + `floor_token` * (zero bytes + 4 * others).
///
/// # Errors
/// [`CoreError::Overflow`] when it does not fit 64 bits.
pub fn intrinsic_gas(tx: &Transaction, prices: &GasPrices) -> Result<IntrinsicGas, CoreError> {
    let zeros: usize = tx.data.iter().map(|byte| usize::from(*byte == 0)).sum();
    let others = tx.data.len().saturating_sub(zeros);
    let slots = tx.access_list().iter().map(|access| access.slots.len());
    let mut costs = vec![
        (1, BASE),
        (zeros, ZERO_BYTE),
        (others, prices.nonzero_byte),
        (tx.access_list().len(), ADDRESS),
        (slots.sum(), SLOT),
        (tx.authorizations().len(), AUTHORIZATION),
    ];
    if tx.to.is_none() {
        costs.push((1, prices.create));
        costs.push((tx.data.len().div_ceil(32), prices.init_word));
    }
    Ok(IntrinsicGas {
        intrinsic: sum(&costs)?,
        floor: sum(&[
            (1, BASE),
            (zeros, prices.floor_token),
            (others.saturating_mul(4), prices.floor_token),
        ])?,
    })
}

fn sum(costs: &[(usize, u64)]) -> Result<u64, CoreError> {
    costs
        .iter()
        .try_fold(0_u64, |total, (count, price)| {
            total.checked_add(u64::try_from(*count).ok()?.checked_mul(*price)?)
        })
        .ok_or(CoreError::Overflow {
            what: "intrinsic gas",
        })
}
