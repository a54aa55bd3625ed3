//! The venue's intents: names, types and order of their fields, as the contracts hash them.
//!
//! Names mix `_x` and `x` on purpose: they are part of the type hash. `DelegateReq` alone has another
//! order in its ABI bytes than in its type. Source: the venue's published typed-data schema; a test
//! recomputes every hash from the names.

use alloy_primitives::{B256, b256};

/// Type of a field.
#[derive(Debug, Clone, Copy)]
pub enum FieldType {
    /// 20 bytes.
    Address,
    /// True or false.
    Bool,
    /// 0..=255.
    Uint8,
    /// 0..2^256.
    Uint256,
    /// -2^255..2^255.
    Int256,
    /// 32 bytes as they are.
    Bytes32,
    /// UTF-8 text of any length.
    Text,
    /// Another struct, inside of this one.
    Struct(&'static StructType),
}

impl FieldType {
    /// The type as Solidity writes it.
    #[must_use]
    pub fn solidity(&self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Bool => "bool",
            Self::Uint8 => "uint8",
            Self::Uint256 => "uint256",
            Self::Int256 => "int256",
            Self::Bytes32 => "bytes32",
            Self::Text => "string",
            Self::Struct(inner) => inner.name,
        }
    }
}

/// A field of a struct.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Name, exactly as the venue spells it.
    pub name: &'static str,
    /// Type.
    pub kind: FieldType,
}

/// A struct that is signed.
#[derive(Debug)]
pub struct StructType {
    /// Name of the type.
    pub name: &'static str,
    /// Fields in the order of the type string.
    pub fields: &'static [Field],
    /// keccak of the type string.
    pub type_hash: B256,
    /// Places of `fields` in the order of the ABI bytes, where that is another one.
    pub abi_order: Option<&'static [usize]>,
}

impl PartialEq for StructType {
    fn eq(&self, other: &Self) -> bool {
        self.type_hash == other.type_hash
    }
}

impl Eq for StructType {}

impl StructType {
    /// The type string of EIP-712: the struct, then the struct inside of it.
    #[must_use]
    pub fn type_string(&self) -> String {
        let members: Vec<String> = self
            .fields
            .iter()
            .map(|field| format!("{} {}", field.kind.solidity(), field.name))
            .collect();
        let mut text = format!("{}({})", self.name, members.join(","));
        for field in self.fields {
            if let FieldType::Struct(inner) = field.kind {
                text += &inner.type_string();
            }
        }
        text
    }
}

macro_rules! field_type {
    (address) => {
        FieldType::Address
    };
    (bool) => {
        FieldType::Bool
    };
    (uint8) => {
        FieldType::Uint8
    };
    (uint256) => {
        FieldType::Uint256
    };
    (int256) => {
        FieldType::Int256
    };
    (bytes32) => {
        FieldType::Bytes32
    };
    (string) => {
        FieldType::Text
    };
    (Trade) => {
        FieldType::Struct(&TRADE)
    };
    (UpdatePositionSize) => {
        FieldType::Struct(&UPDATE_POSITION_SIZE)
    };
}

macro_rules! structs {
    ($($constant:ident = $name:ident($($kind:ident $field:ident),+) $hash:literal
       $(abi $order:expr)?;)+) => {$(
        static $constant: StructType = StructType {
            name: stringify!($name),
            fields: &[$(Field { name: stringify!($field), kind: field_type!($kind) }),+],
            type_hash: b256!($hash),
            abi_order: structs!(@order $($order)?),
        };
    )+};
    (@order) => { None };
    (@order $order:expr) => { Some(&$order) };
}

structs! {
    TRADE = Trade(
        address trader, uint256 pairIndex, uint256 index, uint256 initialPosToken,
        uint256 positionSizeUSDC, uint256 openPrice, bool buy, uint256 leverage, uint256 tp,
        uint256 sl, uint256 timestamp
    ) "e490a8947d4b4627fb65b6c6bdc3d9521db0f97815a14e312a7539369ef8ea55";
    UPDATE_POSITION_SIZE = UpdatePositionSize(
        address trader, uint256 pairIndex, uint256 index, uint256 openPrice,
        uint256 initialPosToken, uint256 leverage
    ) "d64c9cd25018de1495403c0e712905a70d304ba82ad551712a685914af3ab1da";
    OPEN_TRADE_REQ = OpenTradeReq(
        Trade _t, uint8 _type, uint256 _slippageP, uint256 _deadline, uint256 _nonce
    ) "9ce0d760b6eb5a5f60ce0f7c7506f6876fd78007443d18f77239d8bb3fc8f5ef";
    OPEN_TRADE_COIN_EXPOSURE_REQ = OpenTradeCoinExposureReq(
        Trade _t, uint8 _type, uint256 _coinExposure, uint256 _minLeverage, uint256 _maxLeverage,
        uint256 _slippageP, uint256 _deadline, uint256 _nonce
    ) "a19b10d4894d92e6b5bf0d6f64a0e07e7439f662aeb726c27b97e513f3793132";
    CLOSE_TRADE_REQ = CloseTradeReq(
        address _trader, uint256 _pairIndex, uint256 _index, uint256 _openTimestamp,
        uint256 _amount, uint256 _wantedPrice, uint256 _deadline, uint256 _nonce
    ) "479d5b939d91c1399029663dadaf1f18d9a179c3b238cb90d130eb2062fee23b";
    CLOSE_TRADE_COIN_EXPOSURE_REQ = CloseTradeCoinExposureReq(
        address _trader, uint256 _pairIndex, uint256 _index, uint256 _openTimestamp,
        uint256 _coinExposure, uint256 _wantedPrice, uint256 _deadline, uint256 _nonce
    ) "b745ce05a09244323fb8e4da51997803a98d8b690613182fb9ed4446a2d57eb5";
    INCREASE_POSITION_SIZE_REQ = IncreasePositionSizeReq(
        UpdatePositionSize _updateInfo, uint256 _slippageP, uint256 _deadline, uint256 _nonce
    ) "264e37ae1b23867b84be883d81ea5d033d2b3c039dfd21e2def10f6afb0362fb";
    INCREASE_POSITION_SIZE_WITH_COIN_EXPOSURE_REQ = IncreasePositionSizeWithCoinExposureReq(
        UpdatePositionSize _updateInfo, uint256 _coinExposure, uint256 _minLeverage,
        uint256 _maxLeverage, uint256 _slippageP, uint256 _deadline, uint256 _nonce
    ) "13f2f186556d01d700e209cfe9909561db72ba811f79ef1bafaea97c06e01f58";
    UPDATE_TP_SL_REQ = UpdateTpSlReq(
        address trader, uint256 _pairIndex, uint256 _index, uint256 _newTp, uint256 _newSl,
        uint256 _deadline, uint256 _nonce
    ) "5ffd1231d35d7833b213910676c3c74d58de08630481e7686cf57e6da7dd0646";
    TP_SL_REQ = TpSlReq(
        address trader, uint256 pairIndex, uint256 index, uint8 triggerType, uint256 coinSize,
        bool buy, uint256 price, int256 percentage, uint256 timestamp, uint256 signTimestamp,
        uint8 orderType, uint256 nonce
    ) "b27429f8bbd2f5ef7b4cb0fa88614e5417d3216206a28baae453fbca32f58389";
    TWAP_OPEN_ORDER = TwapOpenOrder(
        address trader, uint256 pairIndex, uint256 collateral, bool buy, bool isCoin,
        uint256 coinSize, uint256 defaultLeverage, uint256 maxLeverage, uint256 runTime,
        uint256 nonce, uint256 deadline, uint256 __reserved1
    ) "0449f188a797d4b5f668aaa45192cd1b9fdb4431ca837260ce175c97c65be0fa";
    TWAP_CLOSE_ORDER = TwapCloseOrder(
        address trader, uint256 pairIndex, uint256 index, uint256 coinSizeToClose, uint256 runTime,
        uint256 nonce, uint256 deadline, uint256 __reserved1
    ) "ce46e64fd3049977bff02f9d25d5ea045598e2f9fef19ebe66d9b1ee34613ec9";
    TWAP_CANCEL_REQ = TwapCancelReq(
        address trader, uint256 twapId, uint256 nonce, uint256 deadline
    ) "c5dc8574b5615b29522555a6a2cefbc838b46348615960df43e59f40f9518ab9";
    CANCEL_OFFCHAIN_ORDER = CancelOffchainOrder(
        string entityId
    ) "607ce456c09162d5b0e6ce4e9f46e3fbdc8408a3807aedfa9e26d7a7aeb4ab3e";
    RFQ_OPEN_ORDER = RfqOpenOrder(
        address trader, uint256 pairIndex, uint256 collateral, bool buy, bool isCoin,
        uint256 coinSize, uint256 defaultLeverage, uint256 maxLeverage, uint256 wantedPrice,
        uint256 maxSlippageP, uint256 nonce, uint256 deadline
    ) "542020c5f0d5acceb5bae08adbff5ebc46562abcfd5bcac87ed28655c528b417";
    RFQ_CLOSE_ORDER = RfqCloseOrder(
        address trader, uint256 pairIndex, uint256 index, uint256 coinSizeToClose,
        uint256 wantedPrice, uint256 maxSlippageP, uint256 nonce, uint256 deadline
    ) "da7137fa84e508ec0e1a309cb5e8c423d1a5c6becde31fd19aa7db2c7203a2a6";
    DELEGATE_REQ = DelegateReq(
        address trader, address delegate, uint256 expiry, uint256 deadline, string tnc,
        uint256 nonce
    ) "c739c28f113e3cad9bc37cfe9e4c26ae902d2dd8a2b1dbb929a561bff262c562" abi [0, 1, 2, 4, 3, 5];
    REGISTER_CODE_REQ = RegisterCodeReq(
        bytes32 _code, address _referrer, uint256 _deadline, uint256 _nonce
    ) "6c8f3e00f96109b7ce0e0df830f25faadc2335ed0228e2fbac8ee0200e65e210";
    SET_TRADER_REFERRAL_CODE_BY_USER_REQ = SetTraderReferralCodeByUserReq(
        bytes32 _code, address _referee, uint256 _deadline, uint256 _nonce
    ) "a3b73e6a38ae101bee0a4f60a57a6f667fc15f263baec702afdf9704ed6e28d8";
}

/// All types of intents.
pub static INTENT_KINDS: [&StructType; 17] = [
    &OPEN_TRADE_REQ,
    &OPEN_TRADE_COIN_EXPOSURE_REQ,
    &CLOSE_TRADE_REQ,
    &CLOSE_TRADE_COIN_EXPOSURE_REQ,
    &INCREASE_POSITION_SIZE_REQ,
    &INCREASE_POSITION_SIZE_WITH_COIN_EXPOSURE_REQ,
    &UPDATE_TP_SL_REQ,
    &TP_SL_REQ,
    &TWAP_OPEN_ORDER,
    &TWAP_CLOSE_ORDER,
    &TWAP_CANCEL_REQ,
    &CANCEL_OFFCHAIN_ORDER,
    &RFQ_OPEN_ORDER,
    &RFQ_CLOSE_ORDER,
    &DELEGATE_REQ,
    &REGISTER_CODE_REQ,
    &SET_TRADER_REFERRAL_CODE_BY_USER_REQ,
];
