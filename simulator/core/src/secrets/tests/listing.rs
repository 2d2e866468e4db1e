//! What lists of secrets and of versions show, in which order and page by page.

use super::*;

fn names(trial: &mut Trial, request: ListSecrets) -> Vec<String> {
    trial.done(request).items.into_iter().map(|secret| secret.name).collect()
}

fn filter(key: &str, values: &[&str]) -> SecretFilter {
    SecretFilter { key: key.into(), values: values.iter().map(|&value| value.to_owned()).collect() }
}

/// The secrets `news/url`, `news/key` and `shop`, made one second after another in this order.
fn with_secrets() -> Trial {
    let mut trial = Trial::new();
    for (name, description, stage) in [
        ("news/url", "The Database of the news", "prod"),
        ("news/key", "An API key", "prod"),
        ("shop", "the till", "test"),
    ] {
        let tags = [("stage".to_owned(), stage.to_owned())].into();
        trial.done(CreateSecret { description: Some(description.into()), tags, ..create(name, "v") });
        trial.wait(Duration::from_secs(1));
    }
    trial
}

#[test]
fn secrets_are_listed_by_what_is_asked_for() {
    let mut trial = with_secrets();
    trial.done(put("news/url", "w"));
    trial.done(get("news/key"));
    for (order, rising) in [
        (SecretOrder::Created, ["news/url", "news/key", "shop"]),
        (SecretOrder::Name, ["news/key", "news/url", "shop"]),
        (SecretOrder::Changed, ["news/key", "shop", "news/url"]),
        (SecretOrder::Accessed, ["news/url", "shop", "news/key"]),
    ] {
        assert_eq!(names(&mut trial, ListSecrets { order, ..Default::default() }), rising, "{order:?}");
        let falling = || ListSecrets { order, descending: true, limit: Some(2), ..Default::default() };
        let first = trial.done(falling());
        let second = trial.done(ListSecrets { next_token: first.next, ..falling() });
        let all: Vec<&str> = first.items.iter().chain(&second.items).map(|secret| secret.name.as_str()).collect();
        assert_eq!((all, second.next), (rising.into_iter().rev().collect(), None), "{order:?}");
    }
    assert!(trial.refused(ListSecrets { limit: Some(101), ..Default::default() }).contains("'101' at 'maxResults'"));
    assert_eq!(
        trial.refused(ListSecrets { next_token: Some("x".into()), ..Default::default() }),
        "400 InvalidNextTokenException: The NextToken value is invalid."
    );
}

#[test]
fn filters_choose_secrets() {
    let mut trial = with_secrets();
    for (filters, expected) in [
        (vec![filter("name", &["news/"])], vec!["news/url", "news/key"]),
        (vec![filter("name", &["NEWS"])], vec![]),
        (vec![filter("name", &["!news/"])], vec!["shop"]),
        (vec![filter("description", &["the"])], vec!["news/url", "shop"]),
        (vec![filter("tag-key", &["sta"]), filter("tag-value", &["prod"])], vec!["news/url", "news/key"]),
        (vec![filter("all", &["NEWS database"])], vec!["news/url"]),
        (vec![filter("all", &["api", "till"])], vec!["news/key", "shop"]),
        (vec![filter("owning-service", &["rds"])], vec![]),
    ] {
        let found = names(&mut trial, ListSecrets { filters: filters.clone(), ..Default::default() });
        assert_eq!(found, expected, "{filters:?}");
    }
    for (filters, refused) in [
        (vec![filter("colour", &["red"])], "Invalid filter key: colour."),
        (vec![filter("name", &[])], "The filter name must have 1 to 10 values"),
        (vec![filter("name", &["x"]); 11], "There can be at most 10 Filters."),
    ] {
        let answer = trial.refused(ListSecrets { filters, ..Default::default() });
        assert!(answer.starts_with(&format!("400 InvalidParameterException: {refused}")), "{answer}");
    }
}

#[test]
fn versions_are_listed_with_the_day_of_their_reading() {
    let mut trial = Trial::new();
    trial.done(create("db", "1"));
    for value in ["2", "3"] {
        trial.wait(Duration::from_secs(1));
        trial.done(put("db", value));
    }
    assert_eq!(trial.done(describe("db")).accessed, None);
    trial.done(get("db"));
    let list = |with_deprecated| ListSecretVersionIds { secret_id: "db".into(), with_deprecated, ..Default::default() };
    let all = trial.done(list(true)).versions.items;
    let stages: Vec<usize> = all.iter().map(|version| version.stages.len()).collect();
    assert_eq!(stages, [0, 1, 1], "the oldest first");
    let today = all[2].accessed.expect("read just now");
    assert_eq!((today.as_millis() % 86_400_000, trial.now.since(today) < Duration::from_secs(86_400)), (0, true));
    assert_eq!((all[1].accessed, trial.done(describe("db")).accessed), (None, Some(today)));
    assert_eq!(trial.done(list(false)).versions.items, all[1..]);
    let page = trial.done(ListSecretVersionIds { limit: Some(2), ..list(true) }).versions;
    let rest = trial.done(ListSecretVersionIds { next_token: page.next, ..list(true) }).versions;
    assert_eq!((page.items.len(), rest.items), (2, all[2..].to_vec()));
}

#[test]
fn several_values_are_read_at_once() {
    let mut trial = with_secrets();
    let ids = |ids: &[&str]| BatchGetSecretValue {
        secret_ids: ids.iter().map(|&id| id.to_owned()).collect(),
        ..Default::default()
    };
    let read = trial.done(ids(&["shop", "none"]));
    assert_eq!(read.values[0].name, "shop");
    assert_eq!((read.errors[0].secret_id.as_str(), read.errors[0].code), ("none", "ResourceNotFoundException"));
    assert!(!format!("{read:?}").contains("\"v\""), "a value is printed");
    let news =
        || BatchGetSecretValue { filters: vec![filter("name", &["news"])], limit: Some(1), ..Default::default() };
    let first = trial.done(news());
    let second = trial.done(BatchGetSecretValue { next_token: first.next, ..news() });
    assert_eq!((first.values[0].name.as_str(), second.values[0].name.as_str()), ("news/key", "news/url"));
    assert_eq!(second.next, None);
    for (operation, refused) in [
        (BatchGetSecretValue::default(), "Either 'SecretIdList' or 'Filters' must be provided, but not both."),
        (BatchGetSecretValue { limit: Some(1), ..ids(&["shop"]) }, "'Filters' not specified."),
        (ids(&["x"; 21]), "1 validation error detected: Value '[x"),
        (BatchGetSecretValue { limit: Some(21), ..news() }, "1 validation error detected: Value '21' at 'maxResults'"),
    ] {
        let answer = trial.refused(operation);
        assert!(answer.starts_with(&format!("400 InvalidParameterException: {refused}")), "{answer}");
    }
}
