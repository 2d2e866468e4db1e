//! Conditions: operators, and how they treat keys that are missing or have several values.

use std::cmp::Ordering;

use super::Context;
use super::pattern::{Pattern, Syntax};
use super::resource::ResourcePattern;
use super::value::{Decimal, Range, date, truth};
use crate::time::Timestamp;

/// One operator on one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    key: String,
    /// The key as it was written.
    written: String,
    quantifier: Quantifier,
    /// What a missing key means.
    if_exists: bool,
    test: Test,
}

/// How a key's values are taken together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quantifier {
    /// No set operator: the key has one value.
    Single,
    /// `ForAnyValue:`.
    Any,
    /// `ForAllValues:`.
    All,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    /// `Null`: whether the key is missing.
    Missing(bool),
    /// The key's value is like one of these.
    OneOf(Values),
    /// The key's value is like none of these.
    NoneOf(Values),
}

/// What a value is compared with, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Values {
    Text(Vec<Pattern>),
    TextIgnoringCase(Vec<Pattern>),
    Arn(Vec<ResourcePattern>),
    Number(Comparison, Vec<Decimal>),
    Date(Comparison, Vec<Timestamp>),
    Truth(Vec<bool>),
    Address(Vec<Range>),
    Binary(Vec<String>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Why a condition could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadCondition {
    /// There is no such operator.
    Operator,
    /// A value is not of the operator's type.
    Value,
}

impl Condition {
    /// Reads one operator on one key. `variables` says whether `${…}` means anything in this policy.
    pub(super) fn parse(operator: &str, key: &str, values: &[&str], variables: bool) -> Result<Self, BadCondition> {
        let (quantifier, operator) = match operator.split_once(':') {
            None => (Quantifier::Single, operator),
            Some(("ForAnyValue", operator)) => (Quantifier::Any, operator),
            Some(("ForAllValues", operator)) => (Quantifier::All, operator),
            Some(_) => return Err(BadCondition::Operator),
        };
        let (operator, if_exists) = match operator.strip_suffix("IfExists") {
            Some(operator) => (operator, true),
            None => (operator, false),
        };
        let test = test(operator, values, variables)?;
        if matches!(test, Test::Missing(_)) && (if_exists || quantifier != Quantifier::Single) {
            return Err(BadCondition::Operator);
        }
        Ok(Self { written: key.to_owned(), key: key.to_ascii_lowercase(), quantifier, if_exists, test })
    }

    /// The key that it asks for, as it was written.
    #[must_use]
    pub fn written_key(&self) -> &str {
        &self.written
    }

    /// Whether the condition holds for a request with these keys.
    #[must_use]
    pub fn holds(&self, context: &Context) -> bool {
        let found = context.values(&self.key).filter(|values| !values.is_empty());
        let fits = |value: &String| match &self.test {
            Test::OneOf(values) => values.include(value, context),
            Test::NoneOf(values) => !values.include(value, context),
            Test::Missing(_) => false,
        };
        match (&self.test, self.quantifier, found) {
            (Test::Missing(wanted), _, found) => *wanted == found.is_none(),
            (Test::OneOf(_) | Test::NoneOf(_), Quantifier::All, found) => {
                found.is_none_or(|values| values.iter().all(fits))
            }
            (Test::OneOf(_) | Test::NoneOf(_), Quantifier::Any, None) => self.if_exists,
            (Test::OneOf(_), Quantifier::Single, None) => self.if_exists,
            (Test::NoneOf(_), Quantifier::Single, None) => true,
            (Test::OneOf(_) | Test::NoneOf(_), Quantifier::Any, Some(values)) => values.iter().any(fits),
            // Without a set operator a key has one value. Where it has more, each must escape a negated operator.
            (Test::OneOf(_), Quantifier::Single, Some(values)) => values.iter().any(fits),
            (Test::NoneOf(_), Quantifier::Single, Some(values)) => values.iter().all(fits),
        }
    }
}

/// The operators of IAM (facts/aws.md 6.1). Policy variables work in those on text and on ARNs.
fn test(operator: &str, values: &[&str], variables: bool) -> Result<Test, BadCondition> {
    use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual};
    let exact = Syntax { wildcards: false, variables };
    let like = Syntax { wildcards: true, variables };
    let text = |syntax| values.iter().map(|value| Pattern::parse(value, syntax)).collect();
    let arns = || values.iter().map(|value| ResourcePattern::parse(value, variables)).collect();
    let numbers = |how| typed(values, Decimal::parse).map(|values| Values::Number(how, values));
    let dates = |how| typed(values, date).map(|values| Values::Date(how, values));
    let addresses = || typed(values, Range::parse).map(Values::Address);
    Ok(match operator {
        "StringEquals" => Test::OneOf(Values::Text(text(exact))),
        "StringNotEquals" => Test::NoneOf(Values::Text(text(exact))),
        "StringEqualsIgnoreCase" => Test::OneOf(Values::TextIgnoringCase(text(exact))),
        "StringNotEqualsIgnoreCase" => Test::NoneOf(Values::TextIgnoringCase(text(exact))),
        "StringLike" => Test::OneOf(Values::Text(text(like))),
        "StringNotLike" => Test::NoneOf(Values::Text(text(like))),
        "ArnEquals" | "ArnLike" => Test::OneOf(Values::Arn(arns())),
        "ArnNotEquals" | "ArnNotLike" => Test::NoneOf(Values::Arn(arns())),
        "NumericEquals" => Test::OneOf(numbers(Equal)?),
        "NumericNotEquals" => Test::NoneOf(numbers(Equal)?),
        "NumericLessThan" => Test::OneOf(numbers(Less)?),
        "NumericLessThanEquals" => Test::OneOf(numbers(LessOrEqual)?),
        "NumericGreaterThan" => Test::OneOf(numbers(Greater)?),
        "NumericGreaterThanEquals" => Test::OneOf(numbers(GreaterOrEqual)?),
        "DateEquals" => Test::OneOf(dates(Equal)?),
        "DateNotEquals" => Test::NoneOf(dates(Equal)?),
        "DateLessThan" => Test::OneOf(dates(Less)?),
        "DateLessThanEquals" => Test::OneOf(dates(LessOrEqual)?),
        "DateGreaterThan" => Test::OneOf(dates(Greater)?),
        "DateGreaterThanEquals" => Test::OneOf(dates(GreaterOrEqual)?),
        "Bool" => Test::OneOf(Values::Truth(typed(values, truth)?)),
        "BinaryEquals" => Test::OneOf(Values::Binary(values.iter().map(|value| (*value).to_owned()).collect())),
        "IpAddress" => Test::OneOf(addresses()?),
        "NotIpAddress" => Test::NoneOf(addresses()?),
        "Null" => match typed(values, truth)?.as_slice() {
            [missing] => Test::Missing(*missing),
            _ => return Err(BadCondition::Value),
        },
        _ => return Err(BadCondition::Operator),
    })
}

fn typed<T>(values: &[&str], parse: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, BadCondition> {
    values.iter().map(|value| parse(value).ok_or(BadCondition::Value)).collect()
}

impl Values {
    /// Whether `value` is one of these, as the operator compares them.
    fn include(&self, value: &str, context: &Context) -> bool {
        match self {
            Self::Text(patterns) => patterns.iter().any(|pattern| pattern.matches(value, context)),
            Self::TextIgnoringCase(patterns) => {
                patterns.iter().any(|pattern| pattern.matches_ignoring_case(value, context))
            }
            Self::Arn(patterns) => patterns.iter().any(|pattern| pattern.matches(value, context)),
            Self::Number(how, wanted) => {
                Decimal::parse(value).is_some_and(|value| wanted.iter().any(|wanted| how.holds(value.cmp(wanted))))
            }
            Self::Date(how, wanted) => {
                date(value).is_some_and(|value| wanted.iter().any(|wanted| how.holds(value.cmp(wanted))))
            }
            Self::Truth(wanted) => truth(value).is_some_and(|value| wanted.contains(&value)),
            Self::Address(ranges) => ranges.iter().any(|range| range.contains(value)),
            Self::Binary(wanted) => wanted.iter().any(|wanted| wanted == value),
        }
    }
}

impl Comparison {
    /// Whether a value that stands so to the policy's value satisfies it.
    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}
