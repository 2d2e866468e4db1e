//! What is asked for, beside what AWS documents: every difference has been judged.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::aws::Documented;
use super::play::Seen;
use super::rows::offered;

/// `fixtures/operations/judged.toml`.
#[derive(Deserialize)]
struct Judgements {
    judged: Vec<Judgement>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Judgement {
    #[serde(default)]
    keys: BTreeSet<String>,
    #[serde(default)]
    kinds: BTreeSet<String>,
    #[serde(default)]
    codes: BTreeSet<String>,
    of: BTreeSet<String>,
    why: String,
    #[serde(skip)]
    used: Cell<bool>,
}

impl Judgements {
    fn read() -> Self {
        toml::from_str(&super::read("judged.toml")).unwrap_or_else(|error| panic!("judged.toml: {error}"))
    }

    /// Those of `items` that no judgement about `action` has among its own.
    fn unjudged<'i>(
        &self,
        action: &str,
        items: impl IntoIterator<Item = &'i str>,
        own: impl Fn(&Judgement) -> &BTreeSet<String>,
    ) -> Vec<&'i str> {
        let all = format!("{}:*", action.split(':').next().unwrap_or_default());
        let judged = |item: &str| {
            let mut about = self.judged.iter().filter(|one| one.of.contains(action) || one.of.contains(&all));
            about.find(|one| own(one).contains(item)).map(|found| found.used.set(true)).is_some()
        };
        items.into_iter().filter(|item| !judged(item)).collect()
    }
}

/// By action and resource type: the condition keys that some call offered.
fn asked(seen: &[Seen], documented: &Documented) -> BTreeMap<(String, String), BTreeSet<String>> {
    let mut asked: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
    for (access, conditions) in seen.iter().flat_map(|seen| &seen.asked) {
        let kind = documented.kind(access.action, &access.resource);
        let keys = offered(access, conditions, &documented.keys(access.action, &kind));
        asked.entry((access.action.to_owned(), kind)).or_default().extend(keys);
    }
    asked
}

/// Actions, resource types, condition keys, actions that are needed besides, and error codes.
#[test]
fn operations_ask_for_what_aws_documents() {
    let (documented, judgements, seen) = (Documented::read(), Judgements::read(), super::seen());
    let mut differences = Vec::new();
    let mut kinds: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for ((action, kind), offered) in asked(&seen, &documented) {
        let documented = documented.keys(&action, &kind);
        let missing = documented.into_iter().filter(|key| !offered.contains(*key));
        let missing = judgements.unjudged(&action, missing, |judgement| &judgement.keys);
        differences.extend(missing.iter().map(|key| format!("{action} on {kind} does not offer {key}")));
        kinds.entry(action).or_default().insert(kind);
    }
    for (action, kinds) in &kinds {
        let Some(known) = documented.action(action) else {
            differences.push(format!("{action} is no action"));
            continue;
        };
        let missing = known.resources.keys().map(String::as_str).filter(|kind| !kinds.contains(*kind));
        let missing = judgements.unjudged(action, missing, |judgement| &judgement.kinds);
        differences.extend(missing.iter().map(|kind| format!("{action} is never asked about a {kind}")));
    }
    for service in crate::service::all() {
        let (signing_name, common) = (service.signing_name, documented.common_codes(&service));
        for (name, codes) in &documented.service(signing_name).operations {
            let operation = format!("{signing_name}:{name}");
            let calls: Vec<&Seen> = seen.iter().filter(|seen| seen.operation == operation).collect();
            let actions: BTreeSet<&str> =
                calls.iter().flat_map(|seen| &seen.asked).map(|(access, _)| access.action).collect();
            let needs = documented.action(&operation).map(|action| &action.needs).filter(|_| !calls.is_empty());
            let missing = needs.into_iter().flatten().filter(|need| !actions.contains(need.as_str()));
            differences.extend(missing.map(|need| format!("{operation} never asks for {need}")));
            let refused: BTreeSet<&str> = calls.iter().filter_map(|seen| seen.refused.as_deref()).collect();
            let unlisted = refused.into_iter().filter(|code| !codes.contains(*code) && !common.contains(code));
            let unlisted = judgements.unjudged(&operation, unlisted, |judgement| &judgement.codes);
            differences
                .extend(unlisted.iter().map(|code| format!("{operation} refuses with {code}, which its model lacks")));
        }
    }
    let unused = judgements.judged.iter().filter(|judgement| !judgement.used.get());
    differences.extend(unused.map(|judgement| format!("judged.toml: not needed any more: {}", judgement.why)));
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// Whatever a service may answer, even in cases that no test has met, is a code of one of its operations or of all.
#[test]
fn no_service_has_a_code_of_its_own() {
    let documented = Documented::read();
    let mut strange = Vec::new();
    for service in crate::service::all() {
        let name = service.signing_name;
        let folder = match name {
            "elasticloadbalancing" => "elb",
            "secretsmanager" => "secrets",
            name => name,
        };
        let operations = &documented.service(name).operations;
        let mut known: BTreeSet<&str> = operations.values().flatten().map(String::as_str).collect();
        known.extend(documented.common_codes(&service));
        // What JSON calls so, the other protocols write in their own words.
        known.insert("SerializationException");
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
        for file in sources(&manifest.join("core/src").join(folder)) {
            let text = std::fs::read_to_string(&file).expect("our sources are UTF-8");
            let codes =
                text.split("fault(").skip(1).filter_map(|rest| rest.trim_start().strip_prefix('"')?.split('"').next());
            let unknown = codes.filter(|code| !known.contains(code));
            strange.extend(unknown.map(|code| format!("{name}: {code} in {}", file.display())));
        }
    }
    assert!(strange.is_empty(), "{}", strange.join("\n"));
}

/// The Rust files below `folder`.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.expect("it can be listed").path());
    let all = paths.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] });
    all.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}
