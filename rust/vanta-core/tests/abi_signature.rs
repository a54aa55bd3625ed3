//! Types and signatures as people write them: what is read, and what is refused.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use rstest::rstest;
use vanta_core::CoreError;
use vanta_core::abi::{AbiTable, Signature, parse_type};

#[rstest]
#[case("uint", "uint256")]
#[case("tuple(int, bytes32[2] memory x)[]", "(int256,bytes32[2])[]")]
#[case("((bytes))", "((bytes))")]
#[case("function", "function")]
fn a_type_is_written_as_it_is_hashed(#[case] text: &str, #[case] hashed: &str) {
    let signature = Signature::parse(&format!("f({text})")).unwrap();
    assert_eq!(signature.canonical(), format!("f({hashed})"));
}

#[rstest]
#[case("uint08")]
#[case("uint0")]
#[case("uint264")]
#[case("int7")]
#[case("bytes0")]
#[case("bytes33")]
#[case("bytes01")]
#[case("fixed128x18")]
#[case("address payable payable]")]
#[case("bool[-1]")]
#[case("bool[+1]")]
#[case("bool[01]")]
#[case("bool[99999999999999999999]")]
#[case("bool[")]
#[case("bool]")]
#[case("(bool")]
#[case("Trade")]
#[case("")]
#[case("\u{e9}")]
fn an_unknown_type_is_refused(#[case] text: &str) {
    assert!(
        matches!(parse_type(text), Err(CoreError::Abi { .. })),
        "{text}"
    );
}

#[test]
fn nesting_is_bounded() {
    let deep = |count: usize| format!("{}bool{}", "(".repeat(count), ")".repeat(count));
    assert!(parse_type(&deep(32)).is_ok());
    assert!(parse_type(&deep(33)).is_err());
    assert!(parse_type(&deep(5_000)).is_err());
    assert!(parse_type(&format!("bool{}", "[]".repeat(32))).is_ok());
    assert!(parse_type(&format!("bool{}", "[]".repeat(33))).is_err());
    assert!(parse_type(&format!("({}){}", deep(16), "[1]".repeat(16))).is_err());
    assert!(parse_type(&"(".repeat(1_000_000)).is_err());
}

#[rstest]
#[case("")]
#[case("function f()")]
#[case("v1 f()")]
#[case("v1 modifier f()")]
#[case("v1 event f")]
#[case("v1 event f(uint256")]
#[case("v1 event f(uint256))")]
#[case("v1 event f(uint257)")]
#[case("v1 event f(uint256[0])")]
#[case("v1 event f(())")]
#[case("v1 event f(uint256,)")]
#[case("v1 event f(uint256) nonsense")]
#[case("v1 event f(uint256 indexed, uint8 indexed, bool indexed, bool indexed)")]
#[case("v1 function f(uint256 indexed a)")]
#[case("v1 event f((uint256 indexed a) b)")]
#[case("v1 event 1f()")]
fn a_line_that_says_nothing_is_refused(#[case] line: &str) {
    assert!(matches!(AbiTable::new([line]), Err(CoreError::Abi { .. })));
}
