//! The rules of a lifecycle policy, as far as they can be wrong (facts/aws.md section 5).

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// Says what is wrong with the policy `text`.
pub(super) fn check(text: &str) -> Result<(), String> {
    let policy: Value = serde_json::from_str(text).map_err(|error| format!("string is not JSON: {error}"))?;
    let policy = structure(&policy, "the policy", &["rules"])?;
    let rules = policy.get("rules").and_then(Value::as_array).filter(|rules| !rules.is_empty());
    let rules = rules.ok_or("the policy must have at least one rule in 'rules'")?;
    let rules: Vec<Rule> = rules.iter().map(Rule::read).collect::<Result<_, _>>()?;

    let mut priorities = BTreeSet::new();
    if let Some(rule) = rules.iter().find(|rule| !priorities.insert(rule.priority)) {
        return Err(format!("rulePriority {} is used by more than one rule", rule.priority));
    }
    let highest = priorities.last();
    for rule in &rules {
        if rule.status == Status::Any && highest != Some(&rule.priority) {
            return Err("a rule with tagStatus any must have the highest rulePriority".to_owned());
        }
    }
    let mut untagged = BTreeSet::new();
    let of_untagged = rules.iter().filter(|rule| rule.status == Status::Untagged);
    if !of_untagged.map(|rule| &rule.storage_class).all(|class| untagged.insert(class)) {
        return Err("only one rule of a storage class may have tagStatus untagged".to_owned());
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    Tagged,
    Untagged,
    Any,
}

struct Rule {
    priority: u64,
    status: Status,
    storage_class: String,
}

impl Rule {
    fn read(rule: &Value) -> Result<Self, String> {
        let rule = structure(rule, "a rule", &["rulePriority", "description", "selection", "action"])?;
        let priority = positive(rule, "rulePriority")?;
        let selection = rule.get("selection").ok_or("a rule must have a selection")?;
        let known =
            ["tagStatus", "tagPrefixList", "tagPatternList", "countType", "countUnit", "countNumber", "storageClass"];
        let selection = structure(selection, "selection", &known)?;
        let status = match text(selection, "tagStatus") {
            Some("tagged") => Status::Tagged,
            Some("untagged") => Status::Untagged,
            Some("any") => Status::Any,
            Some(_) | None => return Err("tagStatus must be one of tagged, untagged, any".to_owned()),
        };
        check_tags(selection, status)?;
        check_count(selection)?;
        let storage_class = text(selection, "storageClass").unwrap_or("standard");
        if !["standard", "archive"].contains(&storage_class) {
            return Err("storageClass must be one of standard, archive".to_owned());
        }
        let action = rule.get("action").ok_or("a rule must have an action")?;
        let action = structure(action, "action", &["type", "targetStorageClass"])?;
        match (text(action, "type"), text(action, "targetStorageClass")) {
            (Some("expire"), None) | (Some("transition"), Some("archive")) => {}
            _ => return Err("action must be expire, or transition with targetStorageClass archive".to_owned()),
        }
        Ok(Self { priority, status, storage_class: storage_class.to_owned() })
    }
}

fn check_tags(selection: &Map<String, Value>, status: Status) -> Result<(), String> {
    let filled = |key| selection.get(key).and_then(Value::as_array).is_some_and(|list| !list.is_empty());
    let lists = [filled("tagPrefixList"), filled("tagPatternList")];
    match (status, lists) {
        (Status::Tagged, [true, false] | [false, true]) | (Status::Untagged | Status::Any, [false, false]) => Ok(()),
        (Status::Tagged, [true, true]) => Err("tagPrefixList and tagPatternList exclude one another".to_owned()),
        (Status::Tagged, [false, false]) => {
            Err("tagStatus tagged needs a tagPrefixList or a tagPatternList".to_owned())
        }
        (Status::Untagged | Status::Any, _) => {
            Err("tagPrefixList and tagPatternList belong to tagStatus tagged".to_owned())
        }
    }
}

fn check_count(selection: &Map<String, Value>) -> Result<(), String> {
    positive(selection, "countNumber")?;
    match (text(selection, "countType"), text(selection, "countUnit")) {
        (Some("imageCountMoreThan"), None) => Ok(()),
        (Some("imageCountMoreThan"), Some(_)) => Err("countUnit does not belong to imageCountMoreThan".to_owned()),
        (Some("sinceImagePushed" | "sinceImagePulled" | "sinceImageTransitioned"), Some("days")) => Ok(()),
        (Some(kind @ ("sinceImagePushed" | "sinceImagePulled" | "sinceImageTransitioned")), _) => {
            Err(format!("{kind} needs countUnit days"))
        }
        (Some(_) | None, _) => Err(
            "countType must be one of imageCountMoreThan, sinceImagePushed, sinceImagePulled, sinceImageTransitioned"
                .to_owned(),
        ),
    }
}

fn structure<'v>(value: &'v Value, what: &str, known: &[&str]) -> Result<&'v Map<String, Value>, String> {
    let fields = value.as_object().ok_or_else(|| format!("{what} must be an object"))?;
    match fields.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(format!("object instance has properties which are not allowed by the schema: [\"{key}\"]")),
        None => Ok(fields),
    }
}

fn text<'v>(fields: &'v Map<String, Value>, key: &str) -> Option<&'v str> {
    fields.get(key).and_then(Value::as_str)
}

fn positive(fields: &Map<String, Value>, key: &str) -> Result<u64, String> {
    let number = fields.get(key).and_then(Value::as_u64).filter(|number| *number >= 1);
    number.ok_or_else(|| format!("{key} must be a whole number of at least 1"))
}
