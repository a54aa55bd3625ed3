//! Logs of anyone, mostly with a topic of ours: never a panic, and a value for each field.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use vanta_core::abi::{AbiTable, Kind, Log};

static TABLE: LazyLock<AbiTable> = LazyLock::new(|| AbiTable::new([]).expect("our own table"));

fuzz_target!(|input: (u8, Vec<[u8; 32]>, &[u8])| {
    let (which, words, data) = input;
    let mut topics: Vec<_> = words.into_iter().map(Into::into).collect();
    let events: Vec<_> = TABLE
        .entries()
        .iter()
        .filter(|e| e.kind == Kind::Event)
        .collect();
    if let Some(entry) = events.get(usize::from(which)) {
        topics.insert(0, entry.hash);
    }
    let emitter = [0; 20].into();
    if let Some(event) = TABLE.decode_log(&Log {
        emitter,
        topics,
        data,
    }) {
        assert_eq!(event.values.len(), event.entry.inputs().len());
    }
});
