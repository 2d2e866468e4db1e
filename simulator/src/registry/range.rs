//! Byte ranges: of what a client wants (`Range`), and of what it sends (`Content-Range` as the OCI specification writes it).

/// Bytes from `start` up to and without `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: u64,
    pub(super) end: u64,
}

impl Span {
    pub(super) const fn length(self) -> u64 {
        self.end - self.start
    }
}

/// What a `Range` header asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All of it. Also the answer to a header that cannot be read, or asks for several spans (RFC 9110, 14.2).
    Whole,
    Part(Span),
    /// Nothing that the blob has.
    Unsatisfiable,
}

/// What `header` wants of `size` bytes.
pub(super) fn wanted(header: &str, size: u64) -> Wanted {
    let Some((first, last)) = header.strip_prefix("bytes=").and_then(|spans| spans.split_once('-')) else {
        return Wanted::Whole;
    };
    let span = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => Span { start: first, end: last.saturating_add(1).min(size) },
        (Ok(first), Err(_)) if last.is_empty() => Span { start: first, end: size },
        (Err(_), Ok(length)) if first.is_empty() => Span { start: size.saturating_sub(length), end: size },
        _ => return Wanted::Whole,
    };
    if span.start < span.end { Wanted::Part(span) } else { Wanted::Unsatisfiable }
}

/// The span of an upload that `header` says follows: `<first>-<last>`, both included.
pub(super) fn sent(header: &str) -> Option<Span> {
    let (first, last) = header.split_once('-')?;
    let (start, end) = (digits(first)?, digits(last)?.checked_add(1)?);
    (start < end).then_some(Span { start, end })
}

/// `parse` alone would take a sign.
fn digits(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// Reads `text` as both kinds of range, for a blob of `size` bytes.
///
/// # Panics
/// If one is taken that is not within the blob, or is empty.
#[cfg(any(fuzzing, test))]
pub(crate) fn range_within(text: &str, size: u64) {
    if let Wanted::Part(span) = wanted(text, size) {
        assert!(span.start < span.end && span.end <= size, "{span:?} of {size}");
    }
    if let Some(span) = sent(text) {
        assert!(span.length() > 0, "{span:?}");
    }
}

#[cfg(test)]
mod tests {
    use super::{Span, Wanted, sent, wanted};

    #[test]
    fn a_range_of_ten_bytes() {
        let part = |start, end| Wanted::Part(Span { start, end });
        for (header, expected) in [
            ("bytes=0-3", part(0, 4)),
            ("bytes=4-", part(4, 10)),
            ("bytes=-3", part(7, 10)),
            ("bytes=-30", part(0, 10)),
            ("bytes=0-18446744073709551615", part(0, 10)),
            ("bytes=10-", Wanted::Unsatisfiable),
            ("bytes=-0", Wanted::Unsatisfiable),
            ("bytes=3-2", Wanted::Whole),
            ("bytes=0-1,3-4", Wanted::Whole),
            ("bytes=-", Wanted::Whole),
            ("lines=0-3", Wanted::Whole),
        ] {
            assert_eq!(wanted(header, 10), expected, "{header}");
        }
    }

    #[test]
    fn a_sent_range_is_two_numbers_in_order() {
        assert_eq!(sent("0-0"), Some(Span { start: 0, end: 1 }));
        assert_eq!(sent("5-9"), Some(Span { start: 5, end: 10 }));
        for bad in ["", "-", "5", "5-", "-5", "9-5", "+1-2", "bytes 0-1", "0-18446744073709551615"] {
            assert_eq!(sent(bad), None, "{bad}");
        }
    }
}
