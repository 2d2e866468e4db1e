//! The rules of a lifecycle policy, and what can be wrong with them (facts/aws.md section 5).

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Map, Value};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A lifecycle policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Policy {
    /// Its rules, by rising `rulePriority`: the order in which they are applied.
    pub(super) rules: Vec<Rule>,
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    /// `rulePriority`.
    pub(super) priority: u64,
    /// What tags its images have.
    pub(super) tags: Tags,
    /// Whether its images are archived ones.
    pub(super) archived: bool,
    /// Which of them it acts on.
    pub(super) count: Count,
    /// What it does.
    pub(super) action: Action,
}

/// What tags the images of a rule have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tags {
    /// For each of these beginnings a tag.
    Prefixes(Vec<String>),
    /// For each of these patterns, in which `*` is special, a tag.
    Patterns(Vec<String>),
    /// None.
    Untagged,
    /// Any or none.
    Any,
}

/// Which of its images a rule acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    /// All but the newest so many.
    MoreThan(u64),
    /// Those pushed longer ago.
    SincePushed(Duration),
    /// Those not pulled for so long, or archived longer ago: pulls are not recorded and nothing is archived here, so that it is none.
    NotSimulated,
}

/// What a rule does with an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// `EXPIRE`: deletes it.
    Expire,
    /// `TRANSITION` to the storage class `ARCHIVE`, which is previewed and not carried out.
    Archive,
}

impl Policy {
    /// Reads the policy `text`; else says what is wrong with it.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let policy: Value = serde_json::from_str(text).map_err(|error| format!("string is not JSON: {error}"))?;
        let policy = structure(&policy, "the policy", &["rules"])?;
        let rules = policy.get("rules").and_then(Value::as_array).filter(|rules| !rules.is_empty());
        let rules = rules.ok_or("the policy must have at least one rule in 'rules'")?;
        let mut rules: Vec<Rule> = rules.iter().map(Rule::read).collect::<Result<_, _>>()?;

        let mut priorities = BTreeSet::new();
        if let Some(rule) = rules.iter().find(|rule| !priorities.insert(rule.priority)) {
            return Err(format!("rulePriority {} is used by more than one rule", rule.priority));
        }
        let highest = priorities.last();
        for rule in &rules {
            if rule.tags == Tags::Any && highest != Some(&rule.priority) {
                return Err("a rule with tagStatus any must have the highest rulePriority".to_owned());
            }
        }
        let mut untagged = BTreeSet::new();
        let of_untagged = rules.iter().filter(|rule| rule.tags == Tags::Untagged);
        if !of_untagged.map(|rule| rule.archived).all(|archived| untagged.insert(archived)) {
            return Err("only one rule of a storage class may have tagStatus untagged".to_owned());
        }
        rules.sort_by_key(|rule| rule.priority);
        Ok(Self { rules })
    }
}

impl Rule {
    fn read(rule: &Value) -> Result<Self, String> {
        let rule = structure(rule, "a rule", &["rulePriority", "description", "selection", "action"])?;
        let priority = positive(rule, "rulePriority")?;
        let selection = rule.get("selection").ok_or("a rule must have a selection")?;
        let known =
            ["tagStatus", "tagPrefixList", "tagPatternList", "countType", "countUnit", "countNumber", "storageClass"];
        let selection = structure(selection, "selection", &known)?;
        let tags = read_tags(selection)?;
        let count = read_count(selection)?;
        let archived = match text(selection, "storageClass") {
            None | Some("standard") => false,
            Some("archive") => true,
            Some(_) => return Err("storageClass must be one of standard, archive".to_owned()),
        };
        let action = rule.get("action").ok_or("a rule must have an action")?;
        let action = structure(action, "action", &["type", "targetStorageClass"])?;
        let action = match (text(action, "type"), text(action, "targetStorageClass")) {
            (Some("expire"), None) => Action::Expire,
            (Some("transition"), Some("archive")) => Action::Archive,
            _ => return Err("action must be expire, or transition with targetStorageClass archive".to_owned()),
        };
        Ok(Self { priority, tags, archived, count, action })
    }
}

fn read_tags(selection: &Map<String, Value>) -> Result<Tags, String> {
    let list = |key: &str| -> Result<Vec<String>, String> {
        let Some(list) = selection.get(key) else { return Ok(Vec::new()) };
        let texts = list.as_array().map(|list| list.iter().map(|text| text.as_str().map(str::to_owned)).collect());
        texts.flatten().ok_or_else(|| format!("{key} must be a list of texts"))
    };
    let (prefixes, patterns) = (list("tagPrefixList")?, list("tagPatternList")?);
    let lists = [!prefixes.is_empty(), !patterns.is_empty()];
    let tags = match text(selection, "tagStatus") {
        Some("tagged") => match lists {
            [true, false] => return Ok(Tags::Prefixes(prefixes)),
            [false, true] => return Ok(Tags::Patterns(patterns)),
            [true, true] => return Err("tagPrefixList and tagPatternList exclude one another".to_owned()),
            [false, false] => return Err("tagStatus tagged needs a tagPrefixList or a tagPatternList".to_owned()),
        },
        Some("untagged") => Tags::Untagged,
        Some("any") => Tags::Any,
        Some(_) | None => return Err("tagStatus must be one of tagged, untagged, any".to_owned()),
    };
    match lists {
        [false, false] => Ok(tags),
        _ => Err("tagPrefixList and tagPatternList belong to tagStatus tagged".to_owned()),
    }
}

fn read_count(selection: &Map<String, Value>) -> Result<Count, String> {
    let number = positive(selection, "countNumber")?;
    match (text(selection, "countType"), text(selection, "countUnit")) {
        (Some("imageCountMoreThan"), None) => Ok(Count::MoreThan(number)),
        (Some("imageCountMoreThan"), Some(_)) => Err("countUnit does not belong to imageCountMoreThan".to_owned()),
        (Some("sinceImagePushed"), Some("days")) => {
            let days = u32::try_from(number).unwrap_or(u32::MAX);
            Ok(Count::SincePushed(DAY.saturating_mul(days)))
        }
        (Some("sinceImagePulled" | "sinceImageTransitioned"), Some("days")) => Ok(Count::NotSimulated),
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
