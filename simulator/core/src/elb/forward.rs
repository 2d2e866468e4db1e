//! How the requests of a listener are spread over target groups: conditions and weights, as values.
//!
//! Source: botocore elbv2, `RuleCondition`, `ForwardActionConfig`, `TargetGroupTuple`.

use crate::arn::Arn;
use crate::glob::{matches, matches_tokens, tokens};

/// One rule of a listener, as whoever spreads the requests needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forwarding {
    /// All of them must hold; with none, the rule takes every request.
    pub conditions: Vec<Condition>,
    /// Where its requests go. With no weight above zero they are answered with 503.
    pub shares: Vec<Share>,
}

/// A target group and its weight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// The target group's ARN.
    pub target_group: Arn,
    /// `Weight`, 0 to 999: its part of the rule's requests is this of the sum of all weights.
    pub weight: u32,
}

/// A condition of a rule. It holds if one of its values does; `*` stands for any text and `?` for any character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// `path-pattern`: of the path without the query, letter case counts.
    Path(Vec<String>),
    /// `host-header`: letter case does not count.
    Host(Vec<String>),
    /// `http-header`: the values of one header, letter case does not count.
    Header {
        /// `HttpHeaderName`; letter case does not count.
        name: String,
        /// `Values`.
        values: Vec<String>,
    },
}

/// What of a request conditions look at.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The path, without the query.
    pub path: &'a str,
    /// The host that was asked for, without its port.
    pub host: &'a str,
    /// Header names and values, in order.
    pub headers: &'a [(&'a str, &'a str)],
}

impl Forwarding {
    /// Whether the rule takes `request`.
    #[must_use]
    pub fn takes(&self, request: &Request<'_>) -> bool {
        self.conditions.iter().all(|condition| condition.holds(request))
    }
}

impl Condition {
    /// Whether the condition holds of `request`.
    #[must_use]
    pub fn holds(&self, request: &Request<'_>) -> bool {
        match self {
            Self::Path(patterns) => patterns.iter().any(|pattern| matches(pattern, request.path)),
            Self::Host(patterns) => patterns.iter().any(|pattern| matches_any_case(pattern, request.host)),
            Self::Header { name, values } => {
                let of_name = |(header, _): &&(&str, &str)| header.eq_ignore_ascii_case(name);
                let mut found = request.headers.iter().filter(of_name);
                found.any(|(_, value)| values.iter().any(|pattern| matches_any_case(pattern, value)))
            }
        }
    }

    /// `Field`.
    #[must_use]
    pub const fn field(&self) -> &'static str {
        match self {
            Self::Path(_) => "path-pattern",
            Self::Host(_) => "host-header",
            Self::Header { .. } => "http-header",
        }
    }

    /// Its values.
    #[must_use]
    pub fn values(&self) -> &[String] {
        match self {
            Self::Path(values) | Self::Host(values) | Self::Header { values, .. } => values,
        }
    }
}

fn matches_any_case(pattern: &str, text: &str) -> bool {
    matches_tokens(&tokens(pattern), text, |one, other| one.eq_ignore_ascii_case(&other))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(values: &[&str]) -> Vec<String> {
        values.iter().map(|&value| value.to_owned()).collect()
    }

    #[test]
    fn conditions_hold_as_the_guide_says() {
        let path = |values: &[&str]| Condition::Path(texts(values));
        let host = |values: &[&str]| Condition::Host(texts(values));
        let header = |name: &str, values: &[&str]| Condition::Header { name: name.to_owned(), values: texts(values) };
        let headers = [("X-Version", "green"), ("x-version", "Blue")];
        let request = Request { path: "/Api/v1", host: "News.example.com", headers: &headers };
        for (condition, holds) in [
            (path(&["/Api/*"]), true),
            (path(&["/api/*"]), false),
            (path(&["/x", "/Api/v?"]), true),
            (host(&["*.EXAMPLE.com"]), true),
            (host(&["example.com"]), false),
            (header("x-VERSION", &["GREEN"]), true),
            (header("x-version", &["b*"]), true),
            (header("x-version", &["red"]), false),
            (header("other", &["*"]), false),
        ] {
            assert_eq!(condition.holds(&request), holds, "{condition:?}");
        }
        let both = Forwarding { conditions: vec![path(&["/Api/*"]), host(&["other"])], shares: Vec::new() };
        assert!(!both.takes(&request), "all conditions must hold");
        assert!(Forwarding { conditions: Vec::new(), shares: Vec::new() }.takes(&request));
    }
}
