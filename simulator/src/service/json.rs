//! What the AWS JSON services write alike.

use serde_json::Value;
use simulator_core::Timestamp;

/// A time: seconds since the epoch with a fraction.
pub(super) fn time(at: Timestamp) -> Value {
    serde_json::from_str(&at.to_string()).expect("digits with a point are a number")
}

/// A structure with those members that have a value.
pub(super) fn object(members: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    let present = members.into_iter().filter(|(_, value)| !value.is_null());
    Value::Object(present.map(|(name, value)| (name.to_owned(), value)).collect())
}
