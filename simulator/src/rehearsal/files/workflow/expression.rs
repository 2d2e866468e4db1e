//! `${{ … }}`: what is constant in it.
//!
//! Only what stands in the same file counts: `env`, the defaults of `inputs`, literals, and `a || b`. What GitHub, a secret or another
//! step says is not known before the workflow runs.

use std::collections::BTreeMap;

/// A text of a workflow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Text {
    /// It is known, every expression in it being constant.
    Constant(String),
    /// It is not: as it is written, with the expressions that are constant replaced.
    Unknown(String),
}

impl Text {
    /// Replaces the expressions of `text` that are constant.
    #[must_use]
    pub fn resolve(text: &str, environment: &BTreeMap<String, Self>, inputs: &BTreeMap<String, String>) -> Self {
        let (mut resolved, mut is_constant, mut rest) = (String::with_capacity(text.len()), true, text);
        while let Some((before, from)) = rest.split_once("${{") {
            resolved.push_str(before);
            let Some((expression, after)) = from.split_once("}}") else {
                resolved.push_str("${{");
                rest = from;
                is_constant = false;
                continue;
            };
            match evaluate(expression, environment, inputs) {
                Some(value) => resolved.push_str(&value),
                None => {
                    is_constant = false;
                    resolved.push_str("${{");
                    resolved.push_str(expression);
                    resolved.push_str("}}");
                }
            }
            rest = after;
        }
        resolved.push_str(rest);
        if is_constant { Self::Constant(resolved) } else { Self::Unknown(resolved) }
    }

    /// The text, if it is known.
    #[must_use]
    pub fn constant(&self) -> Option<&str> {
        match self {
            Self::Constant(text) => Some(text),
            Self::Unknown(_) => None,
        }
    }

    /// The text as far as it is known.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::Constant(text) | Self::Unknown(text) => text.clone(),
        }
    }
}

/// The value of an expression, if it is constant. `a || b` is `b` where `a` is not: what a repository's variable says wins over it on
/// GitHub, and a default is still the best guess.
fn evaluate(
    expression: &str,
    environment: &BTreeMap<String, Text>,
    inputs: &BTreeMap<String, String>,
) -> Option<String> {
    let alternatives: Vec<Option<String>> =
        expression.split("||").map(|operand| operand_value(operand.trim(), environment, inputs)).collect();
    alternatives.into_iter().flatten().find(|value| !value.is_empty())
}

fn operand_value(
    operand: &str,
    environment: &BTreeMap<String, Text>,
    inputs: &BTreeMap<String, String>,
) -> Option<String> {
    if let Some(literal) = operand.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        return (!literal.replace("''", "").contains('\'')).then(|| literal.replace("''", "'"));
    }
    if let Some(name) = operand.strip_prefix("env.") {
        return environment.get(name)?.constant().map(str::to_owned);
    }
    let input = operand.strip_prefix("inputs.").or_else(|| operand.strip_prefix("github.event.inputs."))?;
    inputs.get(input).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_replaced() {
        let environment = BTreeMap::from([
            ("CLUSTER".to_owned(), Text::Constant("news".to_owned())),
            ("TAG".to_owned(), Text::Unknown("${{ github.sha }}".to_owned())),
        ]);
        let inputs = BTreeMap::from([("count".to_owned(), "2".to_owned())]);
        let known = |text: &str| Text::Constant(text.to_owned());
        let unknown = |text: &str| Text::Unknown(text.to_owned());
        for (text, expected) in [
            ("plain", known("plain")),
            ("${{ env.CLUSTER }}-${{env.CLUSTER}}", known("news-news")),
            ("${{ 'it''s' }}", known("it's")),
            ("${{ inputs.count }}", known("2")),
            ("${{ github.event.inputs.count }}", known("2")),
            ("${{ vars.REGION || 'eu-west-1' }}", known("eu-west-1")),
            ("${{ vars.REGION || env.ABSENT }}", unknown("${{ vars.REGION || env.ABSENT }}")),
            ("${{ env.CLUSTER }}:${{ env.TAG }}", unknown("news:${{ env.TAG }}")),
            ("${{ env.CLUSTER", unknown("${{ env.CLUSTER")),
            ("${{ format('{0}', 'a') }}", unknown("${{ format('{0}', 'a') }}")),
        ] {
            assert_eq!(Text::resolve(text, &environment, &inputs), expected, "{text}");
        }
    }
}
