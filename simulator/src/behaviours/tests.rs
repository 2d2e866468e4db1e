//! What scripts say, and what is said of wrong ones.

use std::time::Duration;

use simulator_core::virtual_time::{Behaviour, Image, OutOfMemory, Script, Variation};

use super::*;

const fn secs(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// The script that says of the image `app` what `entry` says.
fn of(entry: &str) -> Script {
    parse("behaviours.toml", &format!("[[images.app]]\n{entry}\n")).unwrap_or_else(|error| panic!("{entry}: {error}"))
}

#[test]
fn a_key_changes_one_thing() {
    let usual = Behaviour::healthy;
    for (entry, behaviour) in [
        ("", usual()),
        (r#"pulls-in = "1.5s""#, Behaviour { image: Image::Pulls(Duration::from_millis(1500)), ..usual() }),
        (r#"pulls-in = "never""#, Behaviour { image: Image::Hangs, ..usual() }),
        (r#"pull-refused = "manifest unknown""#, Behaviour::refused("manifest unknown")),
        (r#"starts-in = "3s""#, Behaviour { starts_in: secs(3), ..usual() }),
        (r#"cannot-start = "no such file""#, Behaviour::cannot_start("no such file")),
        (r#"up-after = "41s""#, Behaviour::healthy_after(secs(41))),
        (r#"up-after = "never""#, Behaviour::unhealthy()),
        (r#"healthy-after = "41s""#, Behaviour { healthy: Some(secs(41)), ..usual() }),
        (
            "up-after = \"9s\"\nserves-after = \"never\"",
            Behaviour { serves: None, ..Behaviour::healthy_after(secs(9)) },
        ),
        (r#"sick-after = "2m""#, Behaviour { sick: Some(secs(120)), ..usual() }),
        (r#"hangs-after = "2m""#, Behaviour { hangs: Some(secs(120)), ..usual() }),
        (r#"exits = { after = "60s", code = 1 }"#, Behaviour::exiting(secs(60), 1)),
        (r#"exits = { after = "60s" }"#, Behaviour::exiting(secs(60), 0)),
        (r#"out-of-memory = { after = "60s" }"#, Behaviour::out_of_memory(secs(60))),
        (
            r#"out-of-memory = { after = "60s", under-load = true }"#,
            Behaviour { out_of_memory: Some(OutOfMemory { after: secs(60), under_load: true }), ..usual() },
        ),
        (r#"unready = { after = "2m", lasts = "5s" }"#, Behaviour { unready: Some((secs(120), secs(5))), ..usual() }),
        ("peak-memory = 300", Behaviour { peak_memory: Some(300), ..usual() }),
        (r#"stops-in = "never""#, Behaviour { stops_in: None, ..usual() }),
        ("stops-in = \"2s\"\nstop-code = 143", Behaviour { stops_in: Some(secs(2)), stop_code: 143, ..usual() }),
        (r#"answers-in = "20ms""#, Behaviour { answers_in: Duration::from_millis(20), ..usual() }),
    ] {
        let mut expected = Script::default();
        expected.image("app", vec![behaviour]);
        assert_eq!(of(entry), expected, "{entry}");
    }
}

#[test]
fn a_script_has_images_containers_and_variation() {
    let text = r#"
        seed = 7
        variation = 10
        [[images."news-api:2"]]
        up-after = "41s"
        [[images."news-api:2"]]
        exits = { after = "60s", code = 1 }
        [[containers.worker]]
        healthy-after = "never"
    "#;
    let mut expected = Script::default();
    expected.vary(Variation { percent: 10, seed: 7 });
    expected.image("news-api:2", vec![Behaviour::healthy_after(secs(41)), Behaviour::exiting(secs(60), 1)]);
    expected.container("worker", vec![Behaviour { healthy: None, ..Behaviour::healthy() }]);
    assert_eq!(parse("behaviours.toml", text).expect("it is right"), expected);
    assert_eq!(parse("behaviours.toml", "").expect("nothing is said"), Script::default());
}

/// Each wrong script, where it is wrong, and what is said: the message, then the help.
#[test]
fn what_is_wrong_is_pointed_at() {
    for (text, at, said) in [
        ("[[images.app]]\nup-aftr = \"4s\"\n", "2:1", "unknown field `up-aftr`"),
        ("variation = 10\nvariety = 3\n", "2:1", "unknown field `variety`"),
        ("[[images.app]]\nstops-in = \"4 s\"\n", "2:12", "`4 s` is no duration"),
        ("[[images.app]]\nexits = { after = \"1s\", kode = 3 }\n", "2:25", "unknown field `kode`"),
        ("[[images.app]]\nexits = { code = 3 }\n", "2:9", "missing field `after`"),
        ("[[images.app]]\nstarts-in = 3\n", "2:13", "expected a duration such as \"1.5s\""),
        ("[[images.app]]\nstarts-in = \"never\"\n", "2:13", "`never` is no duration"),
        ("[images.app]\nup-after = \"1s\"\n", "1:1", "expected a sequence"),
        ("[containers]\n\"web\" = []\n", "2:9", "there is no behaviour here"),
        ("seed = 1\nvariation = 101\n", "2:13", "more than 100 percent"),
        ("[[images.app]]\npull-refused = \"no\"\npulls-in = \"1s\"\n", "3:12", "keep one of the two keys"),
        ("[[images.app]\nup-after = \"1s\"\n", "1:14", "unclosed array table"),
    ] {
        let error = parse("behaviours.toml", text).expect_err(text).to_string();
        assert!(error.starts_with(&format!("behaviours.toml:{at}: ")), "{error} for {text}");
        assert!(error.contains(said), "{error} for {text}");
    }
}

#[test]
fn the_nearest_key_is_offered() {
    let help = |text| match parse("b", text) {
        Err(BehavioursError::Wrong { help, .. }) => help,
        other => panic!("{other:?}"),
    };
    assert_eq!(help("[[images.app]]\nup-aftr = \"4s\"\n").as_deref(), Some("did you mean `up-after`?"));
    assert_eq!(help("seed = true\n"), None);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = read(Path::new("none/behaviours.toml")).expect_err("it is not there");
    assert_eq!(error.to_string(), "cannot read `none/behaviours.toml`");
}
