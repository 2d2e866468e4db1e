//! What a statement's `Resource` names.

use super::Context;
use super::pattern::{Pattern, Syntax};

/// A resource or a pattern of resources. The parts of an ARN are matched one by one, so that `*` in one of the first five does
/// not reach into the next; in the last, the resource itself, it stands for anything, `/` and `:` included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourcePattern {
    parts: Vec<Pattern>,
}

const ARN_PARTS: usize = 6;

impl ResourcePattern {
    pub(super) fn parse(text: &str, variables: bool) -> Self {
        let syntax = Syntax { wildcards: true, variables };
        let mut parts = split(text);
        // An ARN that ends too early is completed with wildcards (IAM user guide, Resource element). `*` alone is no ARN.
        if parts.len() > 1 {
            parts.resize(ARN_PARTS, "*");
        }
        Self { parts: parts.into_iter().map(|part| Pattern::parse(part, syntax)).collect() }
    }

    /// Whether `resource`, an ARN or `*`, is meant.
    #[must_use]
    pub fn matches(&self, resource: &str, context: &Context) -> bool {
        if let [whole] = self.parts.as_slice() {
            return whole.matches(resource, context);
        }
        let parts = resource.splitn(ARN_PARTS, ':');
        parts.clone().count() == ARN_PARTS
            && self.parts.iter().zip(parts).all(|(pattern, part)| pattern.matches(part, context))
    }
}

/// Splits at the first five colons that are not inside a `${…}`.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut inside) = (Vec::new(), 0, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' if at > 0 && text.as_bytes()[at - 1] == b'$' => inside = true,
            b'}' => inside = false,
            b':' if !inside && parts.len() < ARN_PARTS - 1 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}
