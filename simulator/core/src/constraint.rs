//! What the JSON services say when a member of a request breaks its model: one wording for all of them.

use crate::refusal::Refusal;

/// A limit on one member of a request, as the service's model states it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Constraint {
    /// The member, such as `logGroupName`.
    pub(crate) member: &'static str,
    /// Fewest characters.
    pub(crate) shortest: usize,
    /// Most characters.
    pub(crate) longest: usize,
    /// The regular expression that AWS names, and whether a text satisfies it.
    pub(crate) pattern: Option<Rule>,
}

/// A regular expression as AWS writes it, and what it means.
type Rule = (&'static str, fn(&str) -> bool);

impl Constraint {
    /// The same limit on the member `member`.
    pub(crate) const fn called(self, member: &'static str) -> Self {
        Self { member, ..self }
    }

    /// Checks `value` in the order length, pattern.
    ///
    /// # Errors
    /// AWS's sentence under the error code `code`.
    pub(crate) fn check(&self, code: &'static str, value: &str) -> Result<(), Refusal> {
        let length = value.chars().count();
        let broken = if length < self.shortest {
            format!("Member must have length greater than or equal to {}", self.shortest)
        } else if length > self.longest {
            format!("Member must have length less than or equal to {}", self.longest)
        } else if let Some((expression, satisfied)) = self.pattern
            && !satisfied(value)
        {
            format!("Member must satisfy regular expression pattern: {expression}")
        } else {
            return Ok(());
        };
        Err(violation(code, value, self.member, &broken))
    }
}

/// AWS's sentence for the member `member` whose `value` breaks `rule`.
pub(crate) fn violation(code: &'static str, value: &str, member: &str, rule: &str) -> Refusal {
    let message =
        format!("1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {rule}");
    Refusal::fault(code, message)
}

/// Checks that `value` lies in `lowest..=highest`.
///
/// # Errors
/// AWS's sentence under the error code `code`.
pub(crate) fn check_range(
    code: &'static str,
    member: &str,
    value: i64,
    lowest: i64,
    highest: i64,
) -> Result<(), Refusal> {
    if value < lowest {
        let rule = format!("Member must have value greater than or equal to {lowest}");
        return Err(violation(code, &value.to_string(), member, &rule));
    }
    if value > highest {
        let rule = format!("Member must have value less than or equal to {highest}");
        return Err(violation(code, &value.to_string(), member, &rule));
    }
    Ok(())
}
