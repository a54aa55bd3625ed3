//! Calls of an account that runs delegated code (EIP-7702), as the venue's relay takes them.
//!
//! The account signs `Execute(mode, calls, nonce)` in a domain of its own: the code it runs checks
//! the signature against the account itself. Source: the venue's relay encoding.

use alloy_primitives::{Address, B256, Bytes, U256, b256};
use alloy_sol_types::{Eip712Domain, SolCall, SolStruct, SolValue, sol};

sol! {
    #[derive(Debug, PartialEq, Eq)]
    struct Call {
        address to;
        uint256 value;
        bytes data;
    }

    struct Execute {
        bytes32 mode;
        Call[] calls;
        uint256 nonce;
    }

    function execute(bytes32 mode, bytes executionData);
}

/// Batch of calls, each of which must succeed, with signed data behind them (ERC-7821).
pub const MODE: B256 = b256!("0100000000007821000100000000000000000000000000000000000000000000");

/// What the code of a delegating account begins with.
const PREFIX: [u8; 3] = [0xef, 0x01, 0x00];

/// Whose code an account runs; `None` for `code` that delegates to nobody.
#[must_use]
pub fn delegate_of(code: &[u8]) -> Option<Address> {
    let template = code.strip_prefix(&PREFIX)?;
    Address::try_from(template).ok()
}

/// Digest that `account` signs so that anybody may make it do `calls`.
#[must_use]
pub fn execute_digest(account: Address, chain_id: U256, calls: Vec<Call>, nonce: U256) -> B256 {
    let domain = Eip712Domain {
        name: Some("GelatoDelegation".into()),
        version: Some("0.0.1".into()),
        chain_id: Some(chain_id),
        verifying_contract: Some(account),
        salt: None,
    };
    let execute = Execute {
        mode: MODE,
        calls,
        nonce,
    };
    execute.eip712_signing_hash(&domain)
}

/// `execute(mode, abi.encode(calls, key ‖ signature))`, sent to the account itself. The key, 192
/// bits, is what `nonce` is above its lower 64 bits; the contract counts those itself.
#[must_use]
pub fn execute_calldata(calls: Vec<Call>, nonce: U256, signature: &[u8; 65]) -> Vec<u8> {
    let key = (nonce >> 64_u32).to_be_bytes::<32>();
    let [_, _, _, _, _, _, _, _, key @ ..] = key;
    let signed = Bytes::from([key.as_slice(), signature.as_slice()].concat());
    let execution = (calls, signed).abi_encode_params();
    executeCall {
        mode: MODE,
        executionData: execution.into(),
    }
    .abi_encode()
}
