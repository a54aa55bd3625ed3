//! The calls that are laid out by hand, against the general encoder, and orders in batches.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use alloy_primitives::{Address, U256};
use proptest::prelude::*;
use vanta_core::CoreError;
use vanta_core::abi::{
    AbiTable, CloseTrade, DynSolValue, OpenOrders, OpenRows, OpenTrade, OrderType, Traders,
};
use vanta_core::units::{PriceE10, RatioE10, UsdE6};

fn open_trade() -> impl Strategy<Value = OpenTrade> {
    let price = || (0..=i64::MAX).prop_map(|v| PriceE10::new(v).unwrap());
    let ratio = || (0..=i64::MAX).prop_map(|v| RatioE10::new(v).unwrap());
    let amount = (0..=i64::MAX).prop_map(|v| UsdE6::new(v).unwrap());
    let kind = (0_u8..=3).prop_map(|v| OrderType::new(v).unwrap());
    let whose = (any::<[u8; 20]>(), any::<u16>(), any::<bool>());
    (
        whose,
        amount,
        price(),
        ratio(),
        price(),
        price(),
        kind,
        ratio(),
    )
        .prop_map(
            |(
                (trader, pair_index, is_long),
                collateral,
                open_price,
                leverage,
                tp,
                sl,
                kind,
                slip,
            )| {
                OpenTrade {
                    trader: Address::new(trader),
                    pair_index,
                    collateral,
                    open_price,
                    is_long,
                    leverage,
                    take_profit: tp,
                    stop_loss: sl,
                    order_type: kind,
                    slippage: slip,
                }
            },
        )
}

fn uint(value: i64) -> DynSolValue {
    DynSolValue::Uint(U256::try_from(value).unwrap(), 256)
}

fn small(value: u8) -> DynSolValue {
    DynSolValue::Uint(U256::from(value), 8)
}

fn general(trade: &OpenTrade) -> Vec<u8> {
    let tuple = DynSolValue::Tuple(vec![
        DynSolValue::Address(trade.trader),
        uint(i64::from(trade.pair_index)),
        uint(0),
        uint(0),
        uint(trade.collateral.get()),
        uint(trade.open_price.get()),
        DynSolValue::Bool(trade.is_long),
        uint(trade.leverage.get()),
        uint(trade.take_profit.get()),
        uint(trade.stop_loss.get()),
        uint(0),
    ]);
    let args = vec![
        tuple,
        small(trade.order_type.number()),
        uint(trade.slippage.get()),
    ];
    AbiTable::new([])
        .unwrap()
        .encode_call("openTrade", args)
        .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn an_open_by_hand_is_the_open_by_type(trade in open_trade()) {
        let mut call = [0; OpenTrade::CALLDATA];
        trade.write(&mut call).unwrap();
        prop_assert_eq!(call.to_vec(), general(&trade));
    }

    #[test]
    fn a_close_by_hand_is_the_close_by_type(
        pair_index: u16, index: u16, amount in 0..=i64::MAX, price in 0..=i64::MAX,
    ) {
        let trade = CloseTrade {
            pair_index,
            index,
            amount: UsdE6::new(amount).unwrap(),
            wanted_price: PriceE10::new(price).unwrap(),
        };
        let mut call = [0; CloseTrade::CALLDATA];
        trade.write(&mut call).unwrap();
        let args = vec![uint(pair_index.into()), uint(index.into()), uint(amount), uint(price)];
        let name = "closeTradeMarket(uint256,uint256,uint256,uint256)";
        prop_assert_eq!(call.to_vec(), AbiTable::new([]).unwrap().encode_call(name, args).unwrap());
    }

    #[test]
    fn a_batch_of_opens_is_the_opens(trades in proptest::collection::vec(open_trade(), 0..5)) {
        let orders = orders(&trades, &[]).unwrap();
        prop_assert_eq!(orders.len(), trades.len());
        let mut each = Vec::new();
        for (row, trade) in trades.iter().enumerate() {
            let from = each.len();
            orders.write_calldata(row, &mut each).unwrap();
            let mut call = [0; OpenTrade::CALLDATA];
            trade.write(&mut call).unwrap();
            prop_assert_eq!(each.get(from..).unwrap(), &call);
            prop_assert_eq!(orders.get(row), Some(trade));
        }
        prop_assert_eq!(orders.calldata().unwrap(), each);
        prop_assert!(orders.write_calldata(trades.len(), &mut Vec::new()).is_err());
    }
}

fn orders(trades: &[OpenTrade], collateral: &[i64]) -> Result<OpenOrders, CoreError> {
    fn all<T>(trades: &[OpenTrade], get: impl Fn(&OpenTrade) -> T) -> Vec<T> {
        trades.iter().map(get).collect()
    }
    let senders: Vec<u8> = trades.iter().flat_map(|t| t.trader.into_array()).collect();
    let own = all(trades, |t| t.collateral.get());
    OpenOrders::new(&OpenRows {
        trader: Traders::Each(&senders),
        pair_index: &all(trades, |t| t.pair_index),
        collateral: if collateral.is_empty() {
            &own
        } else {
            collateral
        },
        open_price: &all(trades, |t| t.open_price.get()),
        is_long: &all(trades, |t| t.is_long),
        leverage: &all(trades, |t| t.leverage.get()),
        take_profit: &all(trades, |t| t.take_profit.get()),
        stop_loss: &all(trades, |t| t.stop_loss.get()),
        order_type: &all(trades, |t| t.order_type.number()),
        slippage: &all(trades, |t| t.slippage.get()),
    })
}

#[test]
fn money_out_is_never_negative() {
    let trade = OpenTrade {
        trader: Address::ZERO,
        pair_index: 0,
        collateral: UsdE6::new(-1).unwrap(),
        open_price: PriceE10::ZERO,
        is_long: true,
        leverage: RatioE10::ZERO,
        take_profit: PriceE10::ZERO,
        stop_loss: PriceE10::ZERO,
        order_type: OrderType::Market,
        slippage: RatioE10::ZERO,
    };
    let mut call = [0; OpenTrade::CALLDATA];
    assert!(trade.write(&mut call).is_err());
    assert_eq!(call, [0; OpenTrade::CALLDATA], "nothing of it was written");
    let good = OpenTrade {
        collateral: UsdE6::ZERO,
        ..trade
    };
    let error = orders(&[good, good], &[0, -1]).unwrap_err();
    assert!(
        error.to_string().starts_with("row 1: collateral_e6 -1 "),
        "{error}"
    );
    let error = orders(&[good, good], &[0]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "collateral_e6 has 1 rows, pair_index has 2"
    );
    assert!(OrderType::new(4).is_err());
}
