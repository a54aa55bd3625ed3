//! Declared types: read, checked, and hashed with the types they use.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{B256, keccak256};
use serde_json::value::RawValue;

use super::json::{Members, elements, members, string};
use super::{DOMAIN, MAX_DEPTH, Refused, start};

/// Longest JSON of all types, in bytes.
const MAX_TYPES: usize = 1 << 16;
/// Most structs; each is hashed with all that it uses, so time is the product of the two.
const MAX_STRUCTS: usize = 128;
/// Most fields of a struct.
const MAX_FIELDS: usize = 256;

/// Fields of a domain, in their usual order.
const DOMAIN_FIELDS: [(&str, &str); 5] = [
    ("name", "string"),
    ("version", "string"),
    ("chainId", "uint256"),
    ("verifyingContract", "address"),
    ("salt", "bytes32"),
];

/// Type of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Address,
    Bool,
    Text,
    Bytes,
    /// Of 1..=32 bytes.
    FixedBytes(usize),
    /// Of 8, 16, …, 256 bits.
    Uint(usize),
    Int(usize),
    Struct(String),
    /// Of as many elements as given, or of any number.
    Array(Box<Kind>, Option<usize>),
}

pub(super) struct Member {
    pub(super) name: String,
    pub(super) kind: Kind,
    spelled: String,
}

/// All structs and, for those that are used, the hash of their type.
pub(super) struct Types {
    structs: BTreeMap<String, Vec<Member>>,
    hashes: BTreeMap<String, B256>,
}

impl Types {
    /// The declared types; the domain's from what `domain` holds, where it is not declared.
    ///
    /// # Errors
    /// For a malformed, unknown or too large type, and for a domain that is not its declaration.
    pub(super) fn read(declared: &RawValue, domain: &Members<'_>) -> Refused<Self> {
        if declared.get().len() > MAX_TYPES {
            let size = declared.get().len();
            return Err(format!(" has {size} bytes, at most {MAX_TYPES}"));
        }
        let declared = members(declared).map_err(|reason| format!(" {reason}"))?;
        if declared.len() > MAX_STRUCTS {
            return Err(format!(
                " has {} structs, at most {MAX_STRUCTS}",
                declared.len()
            ));
        }
        let mut structs = BTreeMap::new();
        for (name, fields) in &declared {
            if !is_name(name) || is_reserved(name) {
                return Err(format!(".{} is no name of a struct", start(name)));
            }
            let fields =
                read_fields(fields).map_err(|reason| format!(".{}{reason}", start(name)))?;
            structs.insert(name.clone(), fields);
        }
        match structs.get(DOMAIN) {
            Some(fields) => check_domain(fields, domain)?,
            None => {
                structs.insert(String::from(DOMAIN), domain_of(domain)?);
            }
        }
        for (name, fields) in &structs {
            for field in fields {
                if let Some(used) = field
                    .kind
                    .root()
                    .filter(|used| !structs.contains_key(*used))
                {
                    let (name, field, used) = (start(name), start(&field.name), start(used));
                    return Err(format!(".{name}.{field} is of the unknown type {used}"));
                }
            }
        }
        let mut types = Self {
            structs,
            hashes: BTreeMap::new(),
        };
        types.hashes = types
            .structs
            .keys()
            .map(|name| (name.clone(), keccak256(types.type_string(name))))
            .collect();
        Ok(types)
    }

    /// Fields and type hash of the struct `name`.
    pub(super) fn get(&self, name: &str) -> Option<(&[Member], B256)> {
        Some((self.structs.get(name)?, *self.hashes.get(name)?))
    }

    /// `name(fields)` and the same of every struct it uses, these by name.
    fn type_string(&self, name: &str) -> String {
        let mut used = BTreeSet::from([name]);
        let mut open = vec![name];
        while let Some(next) = open.pop() {
            for field in self.structs.get(next).into_iter().flatten() {
                if let Some(root) = field.kind.root()
                    && used.insert(root)
                {
                    open.push(root);
                }
            }
        }
        used.remove(name);
        let spelled = |name: &str| {
            let fields = self.structs.get(name).into_iter().flatten();
            let fields: Vec<String> = fields
                .map(|field| format!("{} {}", field.spelled, field.name))
                .collect();
            format!("{name}({})", fields.join(","))
        };
        [name].into_iter().chain(used).map(spelled).collect()
    }
}

impl Kind {
    /// Read a type as it is spelled.
    fn read(spelled: &str) -> Refused<Self> {
        let mut dimensions = Vec::new();
        let mut rest = spelled;
        while let Some(open) = rest.strip_suffix(']') {
            let (inner, size) = open
                .rsplit_once('[')
                .ok_or_else(|| format!("is of the malformed type {}", start(spelled)))?;
            dimensions.push(match size {
                "" => None,
                size => Some(
                    natural(size)
                        .ok_or_else(|| format!("is of the malformed type {}", start(spelled)))?,
                ),
            });
            rest = inner;
            if dimensions.len() > MAX_DEPTH {
                return Err(format!("has more than {MAX_DEPTH} dimensions"));
            }
        }
        let root = match atomic(rest) {
            Some(kind) => kind,
            None if is_name(rest) && !is_reserved(rest) => Self::Struct(rest.to_owned()),
            None => return Err(format!("is of the malformed type {}", start(spelled))),
        };
        // The last brackets are the outermost array.
        Ok(dimensions
            .into_iter()
            .rev()
            .fold(root, |inner, size| Self::Array(Box::new(inner), size)))
    }

    /// The struct below all brackets, if it is one.
    fn root(&self) -> Option<&str> {
        match self {
            Self::Array(inner, _) => inner.root(),
            Self::Struct(name) => Some(name),
            _ => None,
        }
    }
}

fn read_fields(declared: &RawValue) -> Refused<Vec<Member>> {
    let declared = elements(declared).map_err(|reason| format!(" {reason}"))?;
    if declared.len() > MAX_FIELDS {
        return Err(format!(
            " has {} fields, at most {MAX_FIELDS}",
            declared.len()
        ));
    }
    let mut names = BTreeSet::new();
    let mut fields = Vec::with_capacity(declared.len());
    for field in declared {
        let mut parts = members(field).map_err(|reason| format!(" has a field that {reason}"))?;
        let mut part = |name: &str| match parts.remove(name) {
            Some(text) => {
                string(text).map_err(|reason| format!(" has a field whose {name} {reason}"))
            }
            None => Err(format!(" has a field without {name}")),
        };
        let (name, spelled) = (part("name")?, part("type")?);
        if !parts.is_empty() {
            return Err(format!(".{} says more than name and type", start(&name)));
        }
        if !is_name(&name) {
            return Err(format!(".{} is no name of a field", start(&name)));
        }
        if !names.insert(name.clone()) {
            return Err(format!(".{} is declared twice", start(&name)));
        }
        let kind = Kind::read(&spelled).map_err(|reason| format!(".{} {reason}", start(&name)))?;
        fields.push(Member {
            name,
            kind,
            spelled,
        });
    }
    Ok(fields)
}

fn check_domain(fields: &[Member], domain: &Members<'_>) -> Refused<()> {
    for field in fields {
        let declared = (field.name.as_str(), field.spelled.as_str());
        if !DOMAIN_FIELDS.contains(&declared) {
            return Err(format!(
                ".{DOMAIN}.{} is no field of a domain",
                start(&field.name)
            ));
        }
    }
    let undeclared = |name: &&String| fields.iter().all(|field| field.name != **name);
    match domain.keys().find(undeclared) {
        None => Ok(()),
        Some(name) => Err(format!(
            ".{DOMAIN} does not declare the domain's {}",
            start(name)
        )),
    }
}

fn domain_of(domain: &Members<'_>) -> Refused<Vec<Member>> {
    let known = |name: &&String| DOMAIN_FIELDS.iter().any(|(field, _)| field == name);
    if let Some(name) = domain.keys().find(|name| !known(name)) {
        return Err(format!(".{DOMAIN}.{} is no field of a domain", start(name)));
    }
    DOMAIN_FIELDS
        .iter()
        .filter(|(name, _)| domain.contains_key(*name))
        .map(|(name, spelled)| {
            Ok(Member {
                name: (*name).to_owned(),
                kind: Kind::read(spelled)?,
                spelled: (*spelled).to_owned(),
            })
        })
        .collect()
}

/// A type that is no struct. `uint` and `int` alone are none: the standard has no aliases.
fn atomic(spelled: &str) -> Option<Kind> {
    let sized = |digits: &str, step: usize, most: usize| {
        natural(digits).filter(|size| (step..=most).contains(size) && size.is_multiple_of(step))
    };
    match spelled {
        "address" => Some(Kind::Address),
        "bool" => Some(Kind::Bool),
        "string" => Some(Kind::Text),
        "bytes" => Some(Kind::Bytes),
        _ => {
            if let Some(digits) = spelled.strip_prefix("uint") {
                sized(digits, 8, 256).map(Kind::Uint)
            } else if let Some(digits) = spelled.strip_prefix("int") {
                sized(digits, 8, 256).map(Kind::Int)
            } else {
                let digits = spelled.strip_prefix("bytes")?;
                sized(digits, 1, 32).map(Kind::FixedBytes)
            }
        }
    }
}

/// Whether a struct of this name could be taken for an atomic type, or a misspelling of one.
fn is_reserved(name: &str) -> bool {
    let letters = name.trim_end_matches(|c: char| c.is_ascii_digit());
    atomic(name).is_some() || matches!(letters, "uint" | "int" | "bytes")
}

/// A number without sign or leading zeros.
fn natural(digits: &str) -> Option<usize> {
    let plain = digits.bytes().all(|digit| digit.is_ascii_digit());
    let number = digits.parse().ok().filter(|_| plain)?;
    (digits == "0" || !digits.starts_with('0')).then_some(number)
}

/// Whether `name` can stand in a type string without being read as something else. Some venues name
/// structs with a colon.
fn is_name(name: &str) -> bool {
    let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '$' | ':' | '.');
    name.chars().all(inside) && name.chars().next().is_some_and(|c| !c.is_ascii_digit())
}
