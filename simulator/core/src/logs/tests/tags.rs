//! Tags of groups, by both names.

use super::*;
use crate::operation::Operation;

const ARN: &str = "arn:aws:logs:eu-central-1:123456789012:log-group:/app";

fn tags<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).into()
}

#[test]
fn tags_are_the_same_by_name_and_by_arn() {
    let mut trial = with_stream();
    trial.done(TagResource::new(ARN.into(), tags([("a", "1"), ("b", "2")])));
    trial.done(TagLogGroup::new("/app".into(), tags([("b", "3"), ("c", "4")])));
    assert_eq!(trial.done(ListTagsLogGroup::new("/app".into())), tags([("a", "1"), ("b", "3"), ("c", "4")]));
    trial.done(UntagLogGroup::new("/app".into(), vec!["a".into(), "none".into()]));
    trial.done(UntagResource::new(ARN.into(), vec!["b".into()]));
    assert_eq!(trial.done(ListTagsForResource::new(ARN.into())), tags([("c", "4")]));
}

#[test]
fn tags_that_no_group_can_have_are_refused() {
    let mut trial = with_stream();
    let many = (0..51).map(|number| (number.to_string(), String::new())).collect();
    let refused = trial.refused(TagResource::new(ARN.into(), many));
    assert_eq!(refused, "400 TooManyTagsException: The resource has too many tags. The maximum is 50.");
    for pair in [("", "v"), ("aws:a", "v"), ("a*", "v"), ("a", "v*")] {
        let refused = trial.refused(TagLogGroup::new("/app".into(), tags([pair])));
        assert!(refused.starts_with("400 InvalidParameterException: The tag key"), "{refused}");
    }
    assert!(trial.refused(ListTagsForResource::new(format!("{ARN}x"))).starts_with("400 ResourceNotFoundException"));
    assert!(trial.refused(ListTagsLogGroup::new("a b".into())).contains("at 'logGroupName' failed to satisfy"));
}

#[test]
fn calls_by_name_need_the_arn_that_ends_in_a_stream() {
    let trial = with_stream();
    let access = TagLogGroup::new("/app".into(), tags([("a", "1")])).accesses(&trial.world).expect("accesses");
    assert_eq!((access[0].action, access[0].resource.as_str()), ("logs:TagLogGroup", &*format!("{ARN}:log-stream:")));
    let access = TagResource::new(ARN.into(), tags([("a", "1")])).accesses(&trial.world).expect("accesses");
    assert_eq!((access[0].resource.as_str(), access[0].context["aws:TagKeys"].len()), (ARN, 1));
}
