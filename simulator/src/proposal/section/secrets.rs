//! `[secrets]`: what else the task definition takes from Secrets Manager or Parameter Store.

use std::collections::BTreeSet;

use super::Chosen;
use crate::proposal::document::{Entry, Section, Setting};
use crate::proposal::found::quoted;
use crate::rehearsal::files::TaskDefinition;
use crate::rehearsal::secret_values::{key_of, name_of};

/// The section; none where there are no other secrets than the database's.
pub(super) fn section(chosen: &Chosen<'_>, database: Option<&str>) -> Option<Section> {
    let definition = chosen.definition?;
    let mut known: BTreeSet<&str> = database.into_iter().collect();
    let secrets = definition.containers.iter().flat_map(|container| &container.secrets);
    let entries: Vec<Entry> = secrets
        .filter(|secret| known.insert(name_of(&secret.value.value)))
        .map(|secret| Entry {
            key: quoted(name_of(&secret.value.value)),
            setting: Setting::Found {
                value: value(&keys(definition, name_of(&secret.value.value))),
                reason: format!(
                    "{}:{}, `{}`; a rehearsal makes up 32 letters and digits",
                    definition.source.name, secret.name.spot.line, secret.name.value
                ),
            },
        })
        .collect();
    (!entries.is_empty()).then_some(Section { name: "secrets", choices: Vec::new(), entries, is_optional: false })
}

/// The JSON keys that `definition` takes of the secret called `name`.
fn keys<'a>(definition: &'a TaskDefinition, name: &str) -> BTreeSet<&'a str> {
    let secrets = definition.containers.iter().flat_map(|container| &container.secrets);
    let of_it = secrets.map(|secret| secret.value.value.as_str()).filter(|from| name_of(from) == name);
    of_it.filter_map(key_of).collect()
}

fn value(keys: &BTreeSet<&str>) -> String {
    if keys.is_empty() {
        return "{ generate = 32 }".to_owned();
    }
    let quoted: Vec<String> = keys.iter().map(|key| format!("\"{key}\"")).collect();
    format!("{{ generate = 32, keys = [{}] }}", quoted.join(", "))
}
