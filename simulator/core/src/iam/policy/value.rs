//! Typed values of conditions: numbers, dates, truth values, address ranges, bytes.

use std::net::IpAddr;

use super::date;
use crate::time::Timestamp;

/// A decimal number with up to nine decimals, exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Decimal(i128);

const DECIMALS: usize = 9;

impl Decimal {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let sound = |part: &str| part.len() <= 20 && part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !sound(whole) || !sound(fraction) || fraction.len() > DECIMALS {
            return None;
        }
        let scaled: i128 = format!("{whole}{fraction:0<DECIMALS$}").parse().ok()?;
        Some(Self(if negative { -scaled } else { scaled }))
    }
}

/// An address or a range of addresses in CIDR notation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    network: u128,
    version_4: bool,
    /// Bits that are the same throughout the range.
    prefix: u32,
}

impl Range {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse::<u32>().ok()?)),
            None => (text, None),
        };
        let (network, version_4, bits) = bits(address)?;
        let prefix = prefix.unwrap_or(bits);
        (prefix <= bits).then_some(Self { network, version_4, prefix })
    }

    /// Whether `address` lies in the range.
    pub(super) fn contains(self, address: &str) -> bool {
        let Some((address, version_4, bits)) = bits(address) else { return false };
        version_4 == self.version_4 && (self.prefix == 0 || (address ^ self.network) >> (bits - self.prefix) == 0)
    }
}

fn bits(address: &str) -> Option<(u128, bool, u32)> {
    match address.parse().ok()? {
        IpAddr::V4(address) => Some((u128::from(u32::from(address)), true, 32)),
        IpAddr::V6(address) => Some((u128::from(address), false, 128)),
    }
}

/// A point in time.
pub(super) fn date(text: &str) -> Option<Timestamp> {
    date::parse(text)
}

/// `true` or `false`, whatever the case.
pub(super) fn truth(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") { Some(true) } else { text.eq_ignore_ascii_case("false").then_some(false) }
}
