//! The section `[ssh]`: who may reach the project's EC2 host, on which Docker Compose runs, by SSH.

use std::fmt;
use std::net::IpAddr;

use serde::Deserialize;

use super::name::NameError;

/// The section `[ssh]`. Bootstrap makes the security group `<project>-host`; the host itself is its owner's to start in it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Ssh {
    /// Who may reach it, each said by itself.
    pub sources: Vec<SshSource>,
}

/// One of `[ssh] sources`: addresses that may connect to port 22.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "Written")]
pub struct SshSource {
    /// From where.
    pub from: Addresses,
    /// Why; it is the rule's description. Wherever a great part of the internet is let in, there is one.
    pub reason: Option<Reason>,
}

/// What the file says of one source.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Written {
    from: Addresses,
    reason: Option<Reason>,
}

/// Port 22 would be open to a great part of the internet, and nobody has said why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{from}` opens port 22 to a great part of the internet: name your own addresses, such as `203.0.113.7/32`, or say why with `reason = \"...\"`"
)]
pub struct Unreasoned {
    /// The addresses.
    pub from: Addresses,
}

impl TryFrom<Written> for SshSource {
    type Error = Unreasoned;

    fn try_from(Written { from, reason }: Written) -> Result<Self, Unreasoned> {
        if from.is_wide() && reason.is_none() { Err(Unreasoned { from }) } else { Ok(Self { from, reason }) }
    }
}

/// Addresses as EC2 takes and returns them: a network in CIDR form, or the id of a prefix list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub enum Addresses {
    /// A network and the length of its prefix.
    Network(IpAddr, u8),
    /// A prefix list of the account or of AWS.
    PrefixList(String),
}

impl Addresses {
    /// Reads a network in CIDR form or the id of a prefix list.
    ///
    /// # Errors
    /// If the text is neither, or names one address of a network: EC2 would keep the network instead.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let wrong = |rule| NameError { given: text.to_owned(), what: "a source of connections", rule };
        if let Some(id) = text.strip_prefix("pl-") {
            let is_id = (8..=17).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_hexdigit());
            return if is_id {
                Ok(Self::PrefixList(text.to_owned()))
            } else {
                Err(wrong("the id of a prefix list is `pl-` and 8 to 17 hexadecimal digits"))
            };
        }
        const FORM: &str =
            "a network such as `203.0.113.0/24`, one address such as `203.0.113.7/32`, or the id of a prefix list";
        let (address, length) = text.split_once('/').ok_or_else(|| wrong(FORM))?;
        let address: IpAddr = address.parse().map_err(|_| wrong(FORM))?;
        let length: u8 = length.parse().map_err(|_| wrong(FORM))?;
        let (bits, network) = match address {
            IpAddr::V4(address) => (32, masked(address.to_bits().into(), length, 32) == u128::from(address.to_bits())),
            IpAddr::V6(address) => (128, masked(address.to_bits(), length, 128) == address.to_bits()),
        };
        if length > bits {
            return Err(wrong(FORM));
        }
        if network { Ok(Self::Network(address, length)) } else { Err(wrong("the address has digits after its prefix")) }
    }

    /// Whether that is everybody, or so many that it comes to the same.
    #[must_use]
    pub fn is_wide(&self) -> bool {
        match self {
            Self::Network(IpAddr::V4(_), length) => *length < 8,
            Self::Network(IpAddr::V6(_), length) => *length < 16,
            Self::PrefixList(_) => false,
        }
    }
}

/// The first bits of an address, of as many as it has.
fn masked(address: u128, length: u8, bits: u32) -> u128 {
    let rest = bits.saturating_sub(u32::from(length));
    let low = 1_u128.checked_shl(rest).map_or(u128::MAX, |bit| bit - 1);
    address & !low
}

impl TryFrom<String> for Addresses {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        Self::parse(&text)
    }
}

impl fmt::Display for Addresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(address, length) => write!(f, "{address}/{length}"),
            Self::PrefixList(id) => f.write_str(id),
        }
    }
}

/// Why somebody is let in, as the description of a rule (EC2 API reference, IpRange).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Reason(String);

impl Reason {
    /// Reads a reason.
    ///
    /// # Errors
    /// If EC2 would not take it as a rule's description.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b" ._-:/()#,@[]+=&;{}!$*".contains(&byte);
        if (1..=255).contains(&text.trim().len()) && text == text.trim() && text.bytes().all(allowed) {
            return Ok(Self(text.to_owned()));
        }
        let rule = "1 to 255 letters, digits, spaces and ._-:/()#,@[]+=&;{}!$*";
        Err(NameError { given: text.to_owned(), what: "a reason", rule })
    }

    /// The reason as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Reason {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        Self::parse(&text)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn the_internet_is_let_in_only_for_a_reason() {
        // (what is written, what it comes to)
        let cases: [(Value, Result<&str, &str>); 16] = [
            (json!({"from": "203.0.113.7/32"}), Ok("203.0.113.7/32")),
            (json!({"from": "203.0.113.0/24", "reason": "the office"}), Ok("203.0.113.0/24")),
            (json!({"from": "2001:DB8:0::/32"}), Ok("2001:db8::/32")),
            (json!({"from": "pl-0123456789abcdef0"}), Ok("pl-0123456789abcdef0")),
            (json!({"from": "0.0.0.0/0", "reason": "runners have no fixed addresses"}), Ok("0.0.0.0/0")),
            (json!({"from": "0.0.0.0/0"}), Err("`0.0.0.0/0` opens port 22 to a great part of the internet")),
            (json!({"from": "::/0"}), Err("`::/0` opens port 22")),
            (json!({"from": "128.0.0.0/1"}), Err("`128.0.0.0/1` opens port 22")),
            (json!({"from": "0.0.0.0/0", "reason": ""}), Err("`` is not a reason")),
            (json!({"from": "0.0.0.0/0", "reason": "weil's geht"}), Err("is not a reason")),
            (json!({"from": "203.0.113.7/24"}), Err("the address has digits after its prefix")),
            (json!({"from": "203.0.113.7"}), Err("is not a source of connections")),
            (json!({"from": "203.0.113.0/33"}), Err("is not a source of connections")),
            (json!({"from": "pl-news"}), Err("the id of a prefix list is")),
            (json!({"from": "example.com"}), Err("is not a source of connections")),
            (json!({"form": "203.0.113.7/32"}), Err("unknown field `form`")),
        ];
        for (written, expected) in cases {
            let read = serde_json::from_value::<SshSource>(written.clone());
            let read = read.map(|source| source.from.to_string()).map_err(|error| error.to_string());
            match (read, expected) {
                (Ok(read), Ok(expected)) => assert_eq!(read, expected),
                (Err(said), Err(expected)) => assert!(said.contains(expected), "{written}: {said}"),
                (read, expected) => panic!("{written}: {read:?} instead of {expected:?}"),
            }
        }
    }
}
