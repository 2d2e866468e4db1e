//! The user's task definition as a deploy sends it: the file, with the image of this revision in it.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// The task definition `plain` with `image` in the container `app` and in every other container whose image is of the same
/// repository.
#[must_use]
pub fn registration(plain: &Value, app: &str, repository: &str, image: &str) -> Value {
    let mut definition = plain.clone();
    let containers = definition.get_mut("containerDefinitions").and_then(Value::as_array_mut);
    for container in containers.into_iter().flatten().filter_map(Value::as_object_mut) {
        if text(container, "name") == Some(app) || text(container, "image").is_some_and(|it| is_of(it, repository)) {
            container.insert("image".to_owned(), json!(image));
        }
    }
    definition
}

/// The names and `valueFrom` of all secrets of the task definition `definition`, each once.
#[must_use]
pub fn secrets(definition: &Value) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = containers(definition)
        .iter()
        .filter_map(|container| container.get("secrets")?.as_array())
        .flatten()
        .filter_map(|secret| {
            Some((secret.get("name")?.as_str()?.to_owned(), secret.get("valueFrom")?.as_str()?.to_owned()))
        })
        .collect();
    found.sort();
    found.dedup();
    found
}

/// The ARNs of all environment files of the task definition `definition`, each once.
#[must_use]
pub fn environment_files(definition: &Value) -> BTreeSet<String> {
    let files = containers(definition).iter().filter_map(|container| container.get("environmentFiles")?.as_array());
    files.flatten().filter_map(|file| Some(file.get("value")?.as_str()?.to_owned())).collect()
}

/// The container definitions of the task definition `definition`.
#[must_use]
pub fn containers(definition: &Value) -> &[Value] {
    definition.get("containerDefinitions").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The images of the task definition `definition`.
#[must_use]
pub fn images(definition: &Value) -> Vec<&str> {
    containers(definition).iter().filter_map(|container| container.get("image")?.as_str()).collect()
}

/// The account that the task definition `definition` names in its role ARNs.
#[must_use]
pub fn account(definition: &Value) -> Option<&str> {
    let arn = definition.get("executionRoleArn").or_else(|| definition.get("taskRoleArn"))?.as_str()?;
    arn.split(':').nth(4).filter(|account| account.len() == 12)
}

/// Whether `image` is of the repository `repository`, in whatever registry and with whatever tag.
fn is_of(image: &str, repository: &str) -> bool {
    let name = image.split('@').next().unwrap_or(image);
    let name = match name.rsplit_once(':') {
        // A colon before a slash belongs to the registry's port.
        Some((before, after)) if !after.contains('/') => before,
        Some(_) | None => name,
    };
    name == repository || name.ends_with(&format!("/{repository}"))
}

fn text<'a>(fields: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    fields.get(key)?.as_str()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{is_of, registration};

    #[test]
    fn an_image_is_of_a_repository_whatever_its_registry_and_tag() {
        let cases = [
            ("news-api", true),
            ("news-api:v1", true),
            ("123456789012.dkr.ecr.eu-central-1.amazonaws.com/news-api:abc", true),
            ("localhost:5000/news-api", true),
            ("localhost:5000/news-api@sha256:00", true),
            ("old-news-api", false),
            ("news-api/worker:1", false),
            ("envoyproxy/envoy:v1", false),
        ];
        for (image, expected) in cases {
            assert_eq!(is_of(image, "news-api"), expected, "{image}");
        }
    }

    #[test]
    fn a_registration_has_the_new_image_wherever_the_app_is() {
        let file = json!({
            "family": "news",
            "containerDefinitions": [
                {"name": "app", "image": "placeholder"},
                {"name": "setup", "image": "r/news-api:old"},
                {"name": "proxy", "image": "nginx:1"},
            ],
        });
        let expected = json!({
            "family": "news",
            "containerDefinitions": [
                {"name": "app", "image": "r/news-api:new"},
                {"name": "setup", "image": "r/news-api:new"},
                {"name": "proxy", "image": "nginx:1"},
            ],
        });
        assert_eq!(registration(&file, "app", "news-api", "r/news-api:new"), expected);
    }
}
