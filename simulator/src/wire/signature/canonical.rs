//! The canonical request, and the signature that a secret makes of it (IAM user guide, "Create a signed AWS API request").
//!
//! [`sign`](super::sign) leaves this to AWS's own library, which the tests hold it against. Here it stands written out because every call
//! is checked by it: the library takes a request apart into maps and owned parts first, which is four fifths of its time.

use std::fmt::Write as _;

use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, Request};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest as _, Sha256};

use super::Claim;
use super::claim::{ALGORITHM, TERMINATOR};
use crate::wire::{form, time};

/// What is percent-encoded in a query: everything but what RFC 3986 calls unreserved.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// What is in a path, which arrives encoded and is encoded a second time.
const PATH: &AsciiSet = &QUERY.remove(b'/');

/// The signature, in hexadecimal, that `secret` makes for what `claim` says was signed of `request`, whose body has the hash `payload`; none
/// if a header that is said to be signed is not there or not text, or the query is not UTF-8.
pub(super) fn signature(claim: &Claim, request: &Request<Bytes>, secret: &str, payload: &str) -> Option<String> {
    let hash = hex::encode(Sha256::digest(canonical(claim, request, payload)?));
    let scope = &claim.scope;
    let text = format!(
        "{ALGORITHM}\n{}\n{}/{}/{}/{TERMINATOR}\n{hash}",
        time::stamp(claim.at),
        scope.date,
        scope.region,
        scope.service
    );
    let of_day = mac(format!("AWS4{secret}").as_bytes(), &scope.date);
    let of_service = mac(&mac(&of_day, &scope.region), &scope.service);
    Some(hex::encode(mac(&mac(&of_service, TERMINATOR), &text)))
}

fn mac(key: &[u8], text: &str) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key may have any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().into()
}

fn canonical(claim: &Claim, request: &Request<Bytes>, payload: &str) -> Option<String> {
    let mut canonical = String::with_capacity(1024);
    let (method, uri) = (request.method(), request.uri());
    let encoded = utf8_percent_encode(&normalised(uri.path()), PATH).to_string();
    let query = uri.query().map_or_else(|| Some(String::new()), query)?;
    let _ = write!(canonical, "{method}\n{encoded}\n{query}\n");
    for name in &claim.signed_headers {
        canonical.push_str(name);
        canonical.push(':');
        values(request.headers(), name, &mut canonical)?;
        canonical.push('\n');
    }
    let _ = write!(canonical, "\n{}\n{payload}", claim.signed_headers.join(";"));
    Some(canonical)
}

/// `path` without empty segments and those of dots.
fn normalised(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            other => segments.push(other),
        }
    }
    let ends_open = ["/", "/.", "/.."].iter().any(|end| path.ends_with(end)) && !segments.is_empty();
    format!("/{}{}", segments.join("/"), if ends_open { "/" } else { "" })
}

/// The parameters of `query` sorted as they are encoded, without the signature of a presigned request, which cannot have signed itself.
fn query(query: &str) -> Option<String> {
    let pairs = form::pairs(query.as_bytes()).ok()?.into_iter().filter(|(name, _)| name != "X-Amz-Signature");
    let encoded = |text: &str| utf8_percent_encode(text, QUERY).to_string();
    let mut encoded: Vec<(String, String)> = pairs.map(|(name, value)| (encoded(&name), encoded(&value))).collect();
    encoded.sort_unstable();
    let written: Vec<String> = encoded.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    Some(written.join("&"))
}

/// Writes the values of the header `name`, with single blanks and commas between them; none if it has none.
fn values(headers: &HeaderMap, name: &str, written: &mut String) -> Option<()> {
    let mut values = headers.get_all(name).iter();
    let mut value = values.next()?;
    loop {
        for (index, word) in value.to_str().ok()?.split(' ').filter(|word| !word.is_empty()).enumerate() {
            if index > 0 {
                written.push(' ');
            }
            written.push_str(word);
        }
        let Some(next) = values.next() else { return Some(()) };
        written.push(',');
        value = next;
    }
}
