//! Intents beside structs that the `sol!` macro derives from the venue's Solidity: the same type
//! strings, hashes, digests and bytes, and each way back.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use alloy_primitives::{Address, B256, I256, U256, address, b256, keccak256};
use alloy_sol_types::{Eip712Domain, SolStruct, SolValue, sol};
use proptest::collection::vec;
use proptest::prelude::*;
use rstest::rstest;
use vanta_core::CoreError;
use vanta_core::ecdsa::{Curve, HALF_ORDER};
use vanta_core::eip712::{Domain, FieldType, INTENT_KINDS, Intent, StructType, Value};
use vanta_core::keyring::Key;
use zeroize::Zeroizing;

sol! {
    struct Trade {
        address trader; uint256 pairIndex; uint256 index; uint256 initialPosToken;
        uint256 positionSizeUSDC; uint256 openPrice; bool buy; uint256 leverage; uint256 tp;
        uint256 sl; uint256 timestamp;
    }
    struct OpenTradeReq {
        Trade _t; uint8 _type; uint256 _slippageP; uint256 _deadline; uint256 _nonce;
    }
    struct TpSlReq {
        address trader; uint256 pairIndex; uint256 index; uint8 triggerType; uint256 coinSize;
        bool buy; uint256 price; int256 percentage; uint256 timestamp; uint256 signTimestamp;
        uint8 orderType; uint256 nonce;
    }
    struct RegisterCodeReq {
        bytes32 _code; address _referrer; uint256 _deadline; uint256 _nonce;
    }
    struct CancelOffchainOrder { string entityId; }
    struct DelegateReq {
        address trader; address delegate; uint256 expiry; uint256 deadline; string tnc; uint256 nonce;
    }
    struct DelegateReqBytes {
        address trader; address delegate; uint256 expiry; string tnc; uint256 deadline; uint256 nonce;
    }
}

const ROUTER: Address = address!("44914408af82bC9983bbb330e3578E1105e11d4e");

fn kind(name: &str) -> &'static StructType {
    INTENT_KINDS
        .iter()
        .find(|kind| kind.name == name)
        .copied()
        .unwrap()
}

fn domain() -> Domain {
    Domain::new("AvantisTrading", "1", U256::from(8453), ROUTER)
}

fn word() -> impl Strategy<Value = U256> {
    prop_oneof![
        any::<[u8; 32]>().prop_map(U256::from_be_bytes),
        Just(U256::ZERO),
        Just(U256::MAX),
        any::<u64>().prop_map(U256::from),
    ]
}

fn account() -> impl Strategy<Value = Address> {
    any::<[u8; 20]>().prop_map(Address::new)
}

fn values(kind: &'static StructType) -> BoxedStrategy<Vec<Value>> {
    let mut each = Vec::new();
    for field in kind.fields {
        each.push(match field.kind {
            FieldType::Address => account().prop_map(|a| vec![Value::Address(a)]).boxed(),
            FieldType::Bool => any::<bool>().prop_map(|b| vec![Value::Bool(b)]).boxed(),
            FieldType::Uint8 => any::<u8>()
                .prop_map(|n| vec![Value::Uint(U256::from(n))])
                .boxed(),
            FieldType::Uint256 => word().prop_map(|n| vec![Value::Uint(n)]).boxed(),
            FieldType::Int256 => word()
                .prop_map(|n| vec![Value::Int(I256::from_raw(n))])
                .boxed(),
            FieldType::Bytes32 => word().prop_map(|n| vec![Value::Word(n.into())]).boxed(),
            FieldType::Text => ".{0,70}".prop_map(|t| vec![Value::Text(t)]).boxed(),
            FieldType::Struct(inner) => values(inner),
        });
    }
    each.prop_map(|parts| parts.concat()).boxed()
}

/// The macro's words for the struct, and its bytes.
fn beside<T: SolStruct + SolValue>(
    theirs: &T,
    bytes: &[u8],
    ours: &Intent,
) -> Result<(), TestCaseError> {
    let separate = Eip712Domain {
        name: Some("AvantisTrading".into()),
        version: Some("1".into()),
        chain_id: Some(U256::from(8453)),
        verifying_contract: Some(ROUTER),
        salt: None,
    };
    prop_assert_eq!(domain().separator(), separate.separator());
    prop_assert_eq!(ours.struct_hash(), theirs.eip712_hash_struct());
    prop_assert_eq!(
        domain().digest(ours.struct_hash()),
        theirs.eip712_signing_hash(&separate)
    );
    prop_assert_eq!(ours.abi_bytes(), bytes);
    Ok(())
}

#[test]
fn type_hashes_are_of_the_type_strings() {
    for kind in INTENT_KINDS {
        assert_eq!(
            keccak256(kind.type_string()),
            kind.type_hash,
            "{}",
            kind.name
        );
        for field in kind.fields {
            if let FieldType::Struct(inner) = field.kind {
                assert_eq!(keccak256(inner.type_string()), inner.type_hash);
            }
        }
    }
    assert_eq!(
        kind("OpenTradeReq").type_string(),
        OpenTradeReq::eip712_encode_type()
    );
    assert_eq!(kind("TpSlReq").type_string(), TpSlReq::eip712_encode_type());
    assert_eq!(
        kind("DelegateReq").type_string(),
        DelegateReq::eip712_encode_type()
    );
}

proptest! {
    #[test]
    fn opens_are_the_macros(
        trader in account(), n in vec(word(), 13), buy in any::<bool>(), of in any::<u8>(),
    ) {
        let trade = Trade {
            trader, pairIndex: n[0], index: n[1], initialPosToken: n[2], positionSizeUSDC: n[3],
            openPrice: n[4], buy, leverage: n[5], tp: n[6], sl: n[7], timestamp: n[8],
        };
        let theirs = OpenTradeReq {
            _t: trade, _type: of, _slippageP: n[9], _deadline: n[10], _nonce: n[11],
        };
        let mut values = vec![Value::Address(trader)];
        values.extend(n[..5].iter().map(|n| Value::Uint(*n)));
        values.push(Value::Bool(buy));
        values.extend(n[5..9].iter().map(|n| Value::Uint(*n)));
        values.push(Value::Uint(U256::from(of)));
        values.extend(n[9..12].iter().map(|n| Value::Uint(*n)));
        let ours = Intent::new(kind("OpenTradeReq"), values).unwrap();
        beside(&theirs, &theirs.abi_encode(), &ours)?;
    }

    #[test]
    fn triggers_and_codes_are_the_macros(
        who in account(), n in vec(word(), 9), buy in any::<bool>(), of in any::<(u8, u8)>(),
    ) {
        let percentage = I256::from_raw(n[3]);
        let theirs = TpSlReq {
            trader: who, pairIndex: n[0], index: n[1], triggerType: of.0, coinSize: n[2], buy,
            price: n[4], percentage, timestamp: n[5], signTimestamp: n[6], orderType: of.1,
            nonce: n[7],
        };
        let (uint, small) = (Value::Uint, |n: u8| Value::Uint(U256::from(n)));
        let ours = Intent::new(kind("TpSlReq"), [
            Value::Address(who), uint(n[0]), uint(n[1]), small(of.0), uint(n[2]), Value::Bool(buy),
            uint(n[4]), Value::Int(percentage), uint(n[5]), uint(n[6]), small(of.1), uint(n[7]),
        ]).unwrap();
        beside(&theirs, &theirs.abi_encode(), &ours)?;

        let code = B256::from(n[8]);
        let theirs = RegisterCodeReq {
            _code: code, _referrer: who, _deadline: n[0], _nonce: n[1],
        };
        let ours = Intent::new(kind("RegisterCodeReq"), [
            Value::Word(code), Value::Address(who), Value::Uint(n[0]), Value::Uint(n[1]),
        ]).unwrap();
        beside(&theirs, &theirs.abi_encode(), &ours)?;
    }

    #[test]
    fn texts_are_the_macros(
        who in account(), whom in account(), n in vec(word(), 3), text in ".{0,70}",
    ) {
        let theirs = CancelOffchainOrder { entityId: text.clone() };
        let ours = Intent::new(kind("CancelOffchainOrder"), [Value::Text(text.clone())]).unwrap();
        beside(&theirs, &theirs.abi_encode(), &ours)?;

        let signed = DelegateReq {
            trader: who, delegate: whom, expiry: n[0], deadline: n[1], tnc: text.clone(), nonce: n[2],
        };
        let sent = DelegateReqBytes {
            trader: who, delegate: whom, expiry: n[0], tnc: text.clone(), deadline: n[1], nonce: n[2],
        };
        let ours = Intent::new(kind("DelegateReq"), [
            Value::Address(who), Value::Address(whom), Value::Uint(n[0]), Value::Uint(n[1]),
            Value::Text(text), Value::Uint(n[2]),
        ]).unwrap();
        beside(&signed, &sent.abi_encode(), &ours)?;
    }

    #[test]
    fn what_is_written_reads_the_same_and_is_signed(
        (kind, values) in prop::sample::select(INTENT_KINDS.to_vec())
            .prop_flat_map(|kind| (Just(kind), values(kind))),
        secret in any::<[u8; 32]>(),
    ) {
        let intent = Intent::new(kind, values.clone()).unwrap();
        prop_assert_eq!(Intent::decode(kind, &intent.abi_bytes()).unwrap(), values);
        let curve = Curve::public();
        let Ok(key) = Key::new(&curve, Zeroizing::new(secret)) else { return Ok(()) };
        let signed = intent.sign(&domain(), &key, &curve).unwrap();
        prop_assert_eq!(&signed.bytes, &intent.abi_bytes());
        prop_assert_eq!(signed.digest, domain().digest(intent.struct_hash()));
        prop_assert!(signed.signature.s <= HALF_ORDER);
        prop_assert_eq!(curve.recover(signed.digest, &signed.signature).unwrap(), key.address());
        prop_assert_eq!(intent.sign(&domain(), &key, &curve).unwrap(), signed);
    }

    #[test]
    fn any_bytes_are_refused_or_canonical(
        kind in prop::sample::select(INTENT_KINDS.to_vec()), data in vec(any::<u8>(), 0..700),
    ) {
        match Intent::decode(kind, &data) {
            Ok(values) => prop_assert_eq!(Intent::new(kind, values).unwrap().abi_bytes(), data),
            Err(error) => {
                let is_abi = matches!(error, CoreError::Abi { .. });
                prop_assert!(is_abi);
            }
        }
    }
}

#[rstest]
#[case::type_255(255, true)]
#[case::type_256(256, false)]
fn small_integers_have_a_limit(#[case] of: u64, #[case] fits: bool) {
    let uint = |n: u64| Value::Uint(U256::from(n));
    let mut values = vec![Value::Address(ROUTER)];
    values.extend([1, 0, 0, 1, 1].map(uint));
    values.push(Value::Bool(true));
    values.extend([1, 0, 0, 0, of, 1, 1, 1].map(uint));
    let made = Intent::new(kind("OpenTradeReq"), values.clone());
    assert_eq!(made.is_ok(), fits);
    if let Err(error) = made {
        assert_eq!(error.to_string(), "_type 256 is outside of 0..=255");
    }
    values.push(uint(1));
    assert!(Intent::new(kind("OpenTradeReq"), values).is_err());
}

#[test]
fn the_domain_is_of_the_four_fields() {
    let hash = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)",
    );
    assert_eq!(
        hash,
        b256!("8b73c3c69bb8fe3d512ecc4cf759cc79239f7b179b0ffacaa9a75d522b39400f")
    );
}
