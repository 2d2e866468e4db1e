//! What the AWS JSON services write alike.

use std::time::Duration;

use serde_json::{Map, Value};
use simulator_core::Timestamp;

/// A time: seconds since the epoch with a fraction.
pub(super) fn time(at: Timestamp) -> Value {
    Duration::from_millis(at.as_millis()).as_secs_f64().into()
}

/// A structure with those members that have a value. It takes the values themselves, of which `json!` makes copies: so what is large is
/// wrapped in this.
pub(super) fn object(members: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    let members = members.into_iter();
    let mut present = Map::with_capacity(members.size_hint().0);
    present.extend(members.filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.to_owned(), value)));
    Value::Object(present)
}
