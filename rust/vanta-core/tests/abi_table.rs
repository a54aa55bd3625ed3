//! The venue's table of functions and events: what is known, and what extends it.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use alloy_primitives::{Address, B256, hex};
use proptest::prelude::*;
use rstest::rstest;
use vanta_core::abi::{AbiTable, Kind, Log};

const TRADE: &str = "(address,uint256,uint256,uint256,uint256,uint256,bool,uint256,uint256,uint256,\
                     uint256)";
const UPDATE: &str = "(address,uint256,uint256,uint256,uint256,uint256)";
const SPREAD: &str = "(int256,uint256,int256,bool,int256,bool,int256)";

fn table() -> AbiTable {
    AbiTable::new([]).unwrap()
}

/// Every selector of the venue's fact sheet, sections 5 and 7.
#[rstest]
#[case("19cde9a1", "openTrade($T,uint8,uint256)", "v1")]
#[case("2c3cbce4", "closeTradeMarket(uint256,uint256,uint256)", "v1")]
#[case("e5a97c92", "closeTradeMarket(uint256,uint256,uint256,uint256)", "v2?")]
#[case("b9b6573a", "cancelOpenLimitOrder(uint256,uint256)", "v1")]
#[case(
    "c641558e",
    "updateOpenLimitOrder(uint256,uint256,uint256,uint256,uint256,uint256)",
    "v1"
)]
#[case(
    "b9fe2af3",
    "updateMargin(uint256,uint256,uint8,uint256,bytes[],uint8)",
    "v1"
)]
#[case(
    "cd90b8a4",
    "updateMargin(uint256,uint256,uint8,uint256,bytes[])",
    "v1"
)]
#[case(
    "8dffdc3c",
    "updateTpAndSl(uint256,uint256,uint256,uint256,bytes[],uint8)",
    "v1"
)]
#[case(
    "15b760b1",
    "updateTpAndSl(uint256,uint256,uint256,uint256,bytes[])",
    "v1"
)]
#[case("323ee846", "updateSl(uint256,uint256,uint256,bytes[],uint8)", "v1")]
#[case("c383e5de", "updateSl(uint256,uint256,uint256,bytes[])", "v1")]
#[case("ca5eb5e1", "setDelegate(address)", "v1")]
#[case("36fb8b15", "removeDelegate()", "v1")]
#[case("bffe3486", "delegations(address)", "v1")]
#[case("d6a510d9", "setDelegate(address,uint256)", "v2")]
#[case("67e7646f", "removeDelegate(address)", "v2")]
#[case("f4ec01eb", "setDelegateWithSig(bytes,bytes)", "v2")]
#[case("9a10cc32", "delegatedAction(address,bytes)", "v1")]
#[case("21ae831b", "multipleDelegations(address,address)", "v2?")]
#[case("4fe02b44", "nonceBitmap(address,uint256)", "v2")]
#[case(
    "179c2a92",
    "openTradeWithCoinExposure($T,uint8,uint256,uint256,uint256,uint256)",
    "v2?"
)]
#[case(
    "1594c97c",
    "closeTradeMarketWithCoinExposure(uint256,uint256,uint256,uint256)",
    "v2?"
)]
#[case("7dbd3b48", "increasePositionSize($U,uint256)", "v2?")]
#[case(
    "912263d9",
    "increasePositionSizeWithCoinExposure($U,uint256,uint256,uint256,uint256)",
    "v2?"
)]
#[case(
    "fb7830cf",
    "executeMarketOrderBatched(uint8,bytes,bytes,bytes[],uint8,$S)",
    "v2?"
)]
#[case(
    "3d778c12",
    "executePositionUpdateBatched(uint8,bytes,bytes,bytes[],uint8,$S)",
    "v2?"
)]
#[case("cbabcbc0", "executeMarketOrders(uint256[],bytes[],uint8)", "v1")]
#[case(
    "53e8840c",
    "executeMarketOrders(uint256[],bytes[],uint8,int256)",
    "v1"
)]
#[case(
    "1ba973b0",
    "executeLimitOrder(uint8,address,uint256,uint256,bytes[],uint8)",
    "v1"
)]
#[case(
    "c3bd7f39",
    "executeLimitOrder(uint8,address,uint256,uint256,bytes[],uint8,int256)",
    "v1"
)]
#[case("e66c3515", "registerCodeWithSig(bytes,bytes)", "v2")]
#[case("3e3c0e4d", "setTraderReferralCodeByUserWithSig(bytes,bytes)", "v2")]
#[case("e9ae5c53", "execute(bytes32,bytes)", "eip7702")]
#[case("095ea7b3", "approve(address,uint256)", "erc20")]
#[case("dd62ed3e", "allowance(address,address)", "erc20")]
#[case("70a08231", "balanceOf(address)", "erc20")]
#[case("a9059cbb", "transfer(address,uint256)", "erc20")]
#[case("23b872dd", "transferFrom(address,address,uint256)", "erc20")]
#[case("252dba42", "aggregate((address,bytes)[])", "v1")]
#[case("bce38bd7", "tryAggregate(bool,(address,bytes)[])", "v1")]
#[case("82ad56cb", "aggregate3((address,bool,bytes)[])", "v1")]
fn a_function_is_known(#[case] selector: &str, #[case] signature: &str, #[case] version: &str) {
    let text = signature
        .replace("$T", TRADE)
        .replace("$U", UPDATE)
        .replace("$S", SPREAD);
    let table = table();
    let entry = table.find(Kind::Function, &text).unwrap();
    assert_eq!(hex::encode(entry.selector()), selector);
    assert_eq!(entry.canonical, text);
    assert_eq!(entry.version, version.trim_end_matches('?'));
    assert_eq!(entry.doubtful, version.ends_with('?'));
    let found = table.function_of(&entry.selector()).unwrap();
    assert_eq!(found.canonical, text);
}

/// Every topic of the fact sheet, section 7.
#[rstest]
#[case(
    "9d20fe25d5b18ddf053eb042d606b6f438ec532c9978753d5284b6128063a1bd",
    "MarketOrderInitiated",
    1,
    "v1"
)]
#[case(
    "5c00d8b4c6c92b4922d1bd61ef722ec9a29169acb95d956676b07be6a6643eea",
    "MarketExecuted",
    0,
    "v1"
)]
#[case(
    "4b2ef4d80a0964a9a8f43256d8111558389b384d2029743c1eeb6950b14d9c65",
    "MarketOpenCanceled",
    1,
    "v1"
)]
#[case(
    "bf3d234454deff88435a11abb8501124ff9e6923fd2fdfc730d83474b6ffbe2c",
    "LimitExecuted",
    0,
    "v1"
)]
#[case(
    "d0ac65cbccd4e7062356a9be37735153d991bdc4de08f024a8fffc0600f70488",
    "LimitOrderInitiated",
    1,
    "v1"
)]
#[case(
    "174df203b38fe4bbf31688bea280abf3c60a2d5a4214fdf30984abdcf6f15fca",
    "OpenLimitPlaced",
    1,
    "v1"
)]
#[case(
    "710a8db87f04e82a9de40076812593a965f4aa48693196d2144c07ff9710e890",
    "OpenLimitUpdated",
    1,
    "v1"
)]
#[case(
    "99b2cab0fe1db813d380331f51c117d5622d07c79686cc4ecd043e8d56ace094",
    "OpenLimitCanceled",
    1,
    "v1"
)]
#[case(
    "48452067591e9581b9c1f3135e16ae22829a7c8afc6b3d6a1afa2cd295cc1133",
    "MarginUpdated",
    1,
    "v1"
)]
#[case(
    "01c13b316ce9327f58f220b36e368c197eda79df0102d7f4363f1e7fe29323e8",
    "TpUpdated",
    1,
    "v1"
)]
#[case(
    "6a750d0aaea2df37b3b72b79412df54b9e55109ccfaedf5dcecc2af9993a61de",
    "SlUpdated",
    1,
    "v1"
)]
#[case(
    "b24bbc82fd04bd3dab7c96c1cabc7a0f7a1a87dfa2b47239926fbde0a0bfa8be",
    "SlUpdateInitiated",
    1,
    "v1"
)]
#[case(
    "e57d6aa2ba102529f6f4f17498f4a95f866a5513e746e676e6cd037c991b6fe9",
    "SlUpdated",
    1,
    "v1"
)]
#[case(
    "153ed01a0a6e506afbb501e4c353ea1c06dd65f8e1e9cb7afe44416e1dd77516",
    "PriceReceived",
    0,
    "v1"
)]
#[case(
    "b70bf101b761b8a0fe59428f8a894321d6639ef13ab81b9bf16d19764a7dba66",
    "FeesCharged",
    0,
    "v1"
)]
#[case(
    "9921a6a6258398cbe136bac24f80d97ba2b5e4ab8cf2b2d27232d2ae1c78cdd3",
    "FeesCharged",
    0,
    "v1"
)]
#[case(
    "cadf7ed5daaec5b514975523d89eb6ebbbd5d892bc7a5bbf71c5fca021975457",
    "OIUpdated",
    0,
    "v1"
)]
#[case(
    "92133a7a27eec9c36de4706108b974c1be753637bfd864f0d14f4c500ffbcfae",
    "TradeReferred",
    0,
    "v1"
)]
#[case(
    "e9092f5bd9dedfcde131b74a84f9c41981d96f1114420e39a57d92d9324ee076",
    "MarketOrderInitiated",
    1,
    "v0?"
)]
#[case(
    "df4eefe414d2dc9d6c031eb82661052d92b0a4f41e6b8a291d45045a000b90a3",
    "MarketOrderInitiated",
    1,
    "v2"
)]
#[case(
    "194c5538fd1fd53a5ec20cd85e48e0a542b1cbfb713ee866339c38465118308a",
    "MarketExecuted",
    0,
    "v2"
)]
#[case(
    "a2dec9537892a111bd41f6fafe206c669b1f1fb95cf4cc574df3f2492fddd2d6",
    "LimitExecuted",
    0,
    "v2?"
)]
#[case(
    "fc0fadeeec4a08248340ffba253610fe6b83507fc885b536c6f3093094e70d2c",
    "MarginUpdated",
    1,
    "v2?"
)]
#[case(
    "0e81eb0b9b7fc647560aa37f95212e9a576ae39d2ddc79246186b81dbf67f382",
    "TpUpdated",
    1,
    "v2?"
)]
#[case(
    "8bf058997b307e03a787dbfaa1bb3bd64dac2642c0808c8f8d3472546b42491d",
    "SlUpdated",
    1,
    "v2?"
)]
#[case(
    "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef",
    "Transfer",
    2,
    "erc20"
)]
#[case(
    "8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925",
    "Approval",
    2,
    "erc20"
)]
fn an_event_is_known(
    #[case] topic: B256,
    #[case] name: &str,
    #[case] indexed: usize,
    #[case] version: &str,
) {
    let table = table();
    let topics: Vec<_> = [topic]
        .into_iter()
        .chain(vec![B256::ZERO; indexed])
        .collect();
    let entry = table.event_of(&topics).unwrap();
    assert_eq!(entry.signature.name, name);
    assert_eq!(entry.version, version.trim_end_matches('?'));
    assert_eq!(entry.doubtful, version.ends_with('?'));
    assert!(table.event_of(topics.get(1..).unwrap()).is_none());
    assert!(
        table
            .event_of(&[topics, vec![B256::ZERO]].concat())
            .is_none()
    );
}

#[test]
fn a_shared_name_must_be_said_in_full() {
    let table = table();
    let error = table
        .find(Kind::Function, "updateSl")
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("updateSl(uint256,uint256,uint256,bytes[])"),
        "{error}"
    );
    assert!(
        error.contains("updateSl(uint256,uint256,uint256,bytes[],uint8)"),
        "{error}"
    );
    let spaced = table.find(
        Kind::Function,
        "updateSl( uint a, uint256, uint256 , bytes[] )",
    );
    assert_eq!(spaced.unwrap().selector(), [0xc3, 0x83, 0xe5, 0xde]);
    assert!(table.find(Kind::Event, "openTrade").is_err());
    assert!(table.find(Kind::Function, "nonsense").is_err());
    assert!(table.find(Kind::Function, "openTrade(uint256)").is_err());
}

#[test]
fn a_later_line_adds_or_replaces() {
    let names = |table: &AbiTable, text: &str| {
        let entry = table.find(Kind::Event, text).unwrap();
        let fields = entry.signature.inputs.iter();
        (
            entry.version.clone(),
            fields.map(|f| f.name.clone()).collect::<Vec<_>>(),
        )
    };
    let known = table();
    let extra = "v3? event TpUpdated(address indexed trader, uint256 a, uint256 b, uint256 c, \
                 uint256 d, uint256 e)";
    let other = "v3 event SpreadCharged(uint256 orderId, int256 spread)";
    let indexed = "v3 event SpreadCharged(uint256 indexed orderId, int256 spread)";
    let table = AbiTable::new([extra, other, indexed]).unwrap();
    assert_eq!(table.entries().len(), known.entries().len() + 2);
    let (version, fields) = names(
        &table,
        "TpUpdated(address,uint256,uint256,uint256,uint256,uint256)",
    );
    assert_eq!((version.as_str(), fields.len()), ("v3", 6));
    assert_eq!(fields.last().unwrap(), "e");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_log_is_an_event_or_nothing(
        which in 0_usize..400, topics in proptest::collection::vec(any::<[u8; 32]>(), 0..4),
        data in proptest::collection::vec(any::<u8>(), 0..600),
    ) {
        let table = table();
        let known = table.entries().iter().filter(|e| e.kind == Kind::Event).nth(which % 90);
        let hash = known.map_or(B256::ZERO, |entry| entry.hash);
        let topics: Vec<B256> = [hash].into_iter().chain(topics.into_iter().map(B256::new)).collect();
        let log = Log { emitter: Address::ZERO, topics: &topics, data: &data };
        if let Some(event) = table.decode_log(&log) {
            let again = table.encode_log(&event.entry.canonical, event.values).unwrap();
            prop_assert_eq!(again.1, data);
        }
    }
}
