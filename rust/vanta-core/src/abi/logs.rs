//! Logs to events, for logs that any contract may have written.
//!
//! A known topic proves nothing: whoever likes can log it with other data. So nothing here is an
//! error; what is not exactly an event of the table is `None`.

use std::collections::HashSet;

use alloy_dyn_abi::DynSolValue;
use alloy_primitives::{Address, B256};

use super::codec::check_all;
use super::decode::{decode, decode_word};
use super::entry::{Entry, Kind};
use super::table::AbiTable;
use crate::error::CoreError;

/// A log as a node reports it.
#[derive(Debug, Clone)]
pub struct Log<'a> {
    /// Contract that wrote it.
    pub emitter: Address,
    /// Topics, at most 4 in a real one.
    pub topics: &'a [B256],
    /// Data.
    pub data: &'a [u8],
}

/// An event that a log was: the values in the order of the signature.
///
/// The value of an indexed `string`, `bytes`, array or tuple is its hash: that is all a log holds.
#[derive(Debug, Clone)]
pub struct Event<'a> {
    /// Name, names and types of the fields, version.
    pub entry: &'a Entry,
    /// One value for each field.
    pub values: Vec<DynSolValue>,
}

impl AbiTable {
    /// The event each log was, `None` for what is unknown, malformed or from another emitter than
    /// `emitters`.
    #[must_use]
    pub fn decode_logs(
        &self,
        logs: &[Log<'_>],
        emitters: Option<&HashSet<Address>>,
    ) -> Vec<Option<Event<'_>>> {
        let wanted = |log: &&Log<'_>| emitters.is_none_or(|set| set.contains(&log.emitter));
        logs.iter()
            .map(|log| {
                Some(log)
                    .filter(wanted)
                    .and_then(|log| self.decode_log(log))
            })
            .collect()
    }

    /// The event a log was.
    #[must_use]
    pub fn decode_log(&self, log: &Log<'_>) -> Option<Event<'_>> {
        let entry = self.event_of(log.topics)?;
        let words = log.topics.iter().skip(1);
        let mut topics = entry.topics().iter().zip(words);
        let mut data = decode(entry.data(), log.data).ok()?.into_iter();
        let values = entry.signature.inputs.iter().map(|field| {
            if field.indexed {
                let (kind, word) = topics.next()?;
                decode_word(kind, word).ok()
            } else {
                data.next()
            }
        });
        let values = values.collect::<Option<_>>()?;
        Some(Event { entry, values })
    }

    /// Topics and data that the event of that name or signature is logged with.
    ///
    /// # Errors
    /// As [`AbiTable::find`] and [`encode`](super::encode).
    pub fn encode_log(
        &self,
        text: &str,
        values: Vec<DynSolValue>,
    ) -> Result<(Vec<B256>, Vec<u8>), CoreError> {
        let entry = self.find(Kind::Event, text)?;
        check_all(entry.inputs(), &values)?;
        let mut topics = vec![entry.hash];
        let mut rest = Vec::new();
        for (field, value) in entry.signature.inputs.iter().zip(values) {
            if field.indexed {
                topics.push(value.encode_topic());
            } else {
                rest.push(value);
            }
        }
        let data = super::encode(entry.data(), rest)?;
        Ok((topics, data))
    }
}
