//! Denials as messages tell of them: AWS's sentences, which clients print and logs keep, and what `sts:DecodeAuthorizationMessage` answers.
//! What such a denial came from, where the policies are at hand, and what would undo it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::advice::allowing;
use super::decision::{Named, PolicyKind, StatementRef};
use super::policy::{Context, Effect, Request, Requester, Statement};

/// What a message tells of a denial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// ARN of whoever asked.
    pub caller: String,
    /// The IAM action.
    pub action: String,
    /// The resource, or `*` where the message names none.
    pub resource: String,
    /// Whether a statement denied it; otherwise none allowed it.
    pub explicit: bool,
    /// The kind of policy that refused, as AWS calls it, such as `identity-based policy`; none where the message does not say.
    pub policy: Option<String>,
    /// The statement or the policy that denied, where the message names it.
    pub named: Option<String>,
    /// Condition keys of the request, as far as the message tells them.
    pub context: BTreeMap<String, Vec<String>>,
}

/// What came of holding a denial against policies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judged {
    /// This statement denies the call.
    Denied(StatementRef),
    /// This statement allows it, and none denies it: these policies are not those that refused it.
    Allowed(StatementRef),
    /// No statement allows it; these come near.
    Missing(Vec<Near>),
}

/// A statement that allows the action, but not this call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Near {
    /// The statement.
    pub statement: StatementRef,
    /// The condition keys that it asks for otherwise; none where it is the resource that differs.
    pub conditions: Vec<String>,
}

impl Told {
    /// The kind of policy that refused, if it is one that the account's own policies are of. A message that does not say means an
    /// identity-based policy, of which most accounts have no others.
    #[must_use]
    pub fn kind(&self) -> Option<PolicyKind> {
        let kinds =
            [PolicyKind::Identity, PolicyKind::Resource, PolicyKind::Trust, PolicyKind::Boundary, PolicyKind::Session];
        match &self.policy {
            None => Some(PolicyKind::Identity),
            Some(name) => kinds.into_iter().find(|kind| kind.to_string() == *name),
        }
    }

    /// The smallest statement that would allow the call, as JSON on several lines; nothing if a statement denied it, or a policy that is not
    /// the account's own.
    #[must_use]
    pub fn statement(&self) -> Option<String> {
        let kind = self.kind().filter(|_| !self.explicit)?;
        Some(allowing(kind, &self.caller, &self.action, &self.resource, &self.context))
    }

    fn request_context(&self) -> Context {
        let mut context = Context::default();
        for (key, values) in &self.context {
            values.iter().for_each(|value| context.add(key, value));
        }
        if let Some((_, name)) = self.caller.split_once(":user/") {
            context.fill("aws:username", name.rsplit('/').next().unwrap_or_default());
            context.fill("aws:PrincipalArn", &self.caller);
        }
        if let Some(account) = self.caller.split(':').nth(4) {
            context.fill("aws:PrincipalAccount", account);
        }
        context
    }
}

/// Holds the denial against policies of the kind that refused it. What the message does not tell of the request, conditions cannot be held
/// against.
#[must_use]
pub fn judge(told: &Told, policies: &[Named<'_>]) -> Judged {
    let context = told.request_context();
    let requester = Requester::Service { name: told.caller.clone() };
    let Told { action, resource, .. } = told;
    let request = Request { requester: &requester, action, resource, context: &context };
    let statements = || policies.iter().flat_map(numbered);
    let found = |effect: Effect| {
        let mut covering =
            statements().filter(|(_, statement)| statement.effect == effect && statement.covers(&request));
        covering.next().map(|(name, _)| name)
    };
    if let Some(denial) = found(Effect::Deny) {
        return Judged::Denied(denial);
    }
    if let Some(allowance) = found(Effect::Allow) {
        return Judged::Allowed(allowance);
    }
    let allowing = statements().filter(|(_, statement)| statement.effect == Effect::Allow);
    let near = allowing.filter_map(|(name, statement)| {
        if statement.concerns(&request) {
            let failing = statement.conditions.iter().filter(|condition| !condition.holds(&context));
            let conditions = failing.map(|condition| condition.written_key().to_owned()).collect();
            return Some(Near { statement: name, conditions });
        }
        let anywhere = Statement { resources: None, conditions: Vec::new(), ..statement.clone() };
        anywhere.covers(&request).then(|| Near { statement: name, conditions: Vec::new() })
    });
    Judged::Missing(near.collect())
}

fn numbered<'d>(policy: &Named<'d>) -> impl Iterator<Item = (StatementRef, &'d Statement)> {
    let name = policy.name.to_owned();
    policy.document.statements.iter().zip(1..).map(move |(statement, number)| {
        (StatementRef { policy: name.clone(), sid: statement.sid.clone(), number }, statement)
    })
}

/// Every denial that `text` tells of, once: sentences anywhere in it, or the one decoded message that it is.
#[must_use]
pub fn read_told(text: &str) -> Vec<Told> {
    let mut all: Vec<Told> = Vec::new();
    let decoded = serde_json::from_str(text).ok().and_then(|value| decoded(&value));
    let sentences = text.split("User: ").skip(1).filter_map(sentence);
    for told in decoded.into_iter().chain(sentences) {
        if !all.contains(&told) {
            all.push(told);
        }
    }
    all
}

/// `CALLER is not authorized to perform: ACTION on resource: RESOURCE because no KIND allows the ACTION action`, or
/// `… with an explicit deny in a KIND: POLICY` (facts/aws.md 6.2).
fn sentence(text: &str) -> Option<Told> {
    let (caller, rest) = text.split_once(" is not authorized to perform: ")?;
    let (action, rest) = word(rest);
    let (resource, rest) = match rest.strip_prefix("on resource: ") {
        Some(rest) => word(rest),
        None => ("*", rest),
    };
    let (explicit, policy, named) = if let Some(rest) = rest.strip_prefix("because no ") {
        (false, rest.split_once(" allows the ").map(|(kind, _)| kind.to_owned()), None)
    } else if let Some(rest) = rest.strip_prefix("with an explicit deny in a") {
        let rest = rest.strip_prefix("n ").or_else(|| rest.strip_prefix(' '))?;
        let end = rest.find(|c: char| !c.is_ascii_alphabetic() && c != ' ' && c != '-').unwrap_or(rest.len());
        // A sentence that goes on after the kind of policy.
        let kind = rest[..end].split("policy").next().map(|start| format!("{start}policy"));
        let kind = if rest[..end].starts_with("permissions boundary") {
            Some("permissions boundary".to_owned())
        } else {
            kind
        };
        let named = rest[end..].strip_prefix(": ").map(|rest| word(rest).0.to_owned());
        (true, kind, named.filter(|named| named.starts_with("arn:")))
    } else {
        (false, None, None)
    };
    let sound = !caller.contains(char::is_whitespace) && action.contains(':');
    sound.then(|| Told {
        caller: caller.to_owned(),
        action: action.to_owned(),
        resource: resource.to_owned(),
        explicit,
        policy,
        named,
        context: BTreeMap::new(),
    })
}

/// The first word, without what punctuation ends it, and what follows it.
fn word(text: &str) -> (&str, &str) {
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let word = text[..end].trim_end_matches(['.', ',', '"', '\'', '\\', ')', '}']);
    (word, text[end..].trim_start())
}

/// What `sts:DecodeAuthorizationMessage` answers, with or without the answer around it (STS API reference).
fn decoded(value: &Value) -> Option<Told> {
    if let Some(inner) = value.get("DecodedMessage").and_then(Value::as_str) {
        return decoded(&serde_json::from_str(inner).ok()?);
    }
    let of = value.get("context")?;
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let items = |value: Option<&Value>| value.and_then(|value| value.get("items")).and_then(Value::as_array).cloned();
    let mut context: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for condition in items(of.get("conditions")).unwrap_or_default() {
        let values = items(condition.get("values")).unwrap_or_default();
        let values = values.iter().filter_map(|value| text(value.get("value")));
        context.entry(text(condition.get("key"))?).or_default().extend(values);
    }
    let matched = items(value.get("matchedStatements")).unwrap_or_default();
    let named = matched.first().and_then(|statement| {
        let sid = text(statement.get("statementId")).filter(|sid| !sid.is_empty());
        let policy = text(statement.get("sourcePolicyId"))?;
        Some(sid.map_or_else(|| format!("policy `{policy}`"), |sid| format!("statement `{sid}` of policy `{policy}`")))
    });
    Some(Told {
        caller: text(of.get("principal")?.get("arn"))?,
        action: text(of.get("action"))?,
        resource: text(of.get("resource")).unwrap_or_else(|| "*".to_owned()),
        explicit: value.get("explicitDeny").and_then(Value::as_bool).unwrap_or(false),
        policy: None,
        named,
        context,
    })
}
