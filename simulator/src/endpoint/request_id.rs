//! Request ids: what AWS's support asks for, and what tells two requests apart in a log.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// A stream of request ids, each a random UUID. They are no part of the trace, which knows nothing of HTTP.
#[derive(Debug, Default)]
pub(super) struct RequestIds {
    key: RandomState,
    next: AtomicU64,
}

impl RequestIds {
    /// The next id.
    pub(super) fn draw(&self) -> String {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (high, low) = (self.key.hash_one((number, 0_u8)), self.key.hash_one((number, 1_u8)));
        let digits = format!("{high:016x}{low:016x}");
        // Version 4, variant 1, as RFC 9562 marks random ones.
        format!("{}-{}-4{}-a{}-{}", &digits[..8], &digits[8..12], &digits[13..16], &digits[17..20], &digits[20..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_form_of_uuids_and_differ() {
        let ids = RequestIds::default();
        let (one, other) = (ids.draw(), ids.draw());
        assert_ne!(one, other);
        let lengths: Vec<usize> = one.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        assert!(one.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit()), "{one}");
    }
}
