//! What the AWS JSON services write alike.

use std::borrow::Cow;
use std::time::Duration;

use simulator_core::Timestamp;

use crate::wire::{Document, IntoDocument as _};

/// A time: seconds since the epoch with a fraction.
pub(super) fn time(at: Timestamp) -> Document {
    Duration::from_millis(at.as_millis()).as_secs_f64().into_document()
}

/// A structure with those members that have a value.
pub(super) fn object(members: impl IntoIterator<Item = (&'static str, Document)>) -> Document {
    let members = members.into_iter();
    let mut present = Vec::with_capacity(members.size_hint().0);
    let with_value = members.filter(|(_, value)| !value.is_null());
    present.extend(with_value.map(|(name, value)| (Cow::Borrowed(name), value)));
    Document::Structure(present)
}
