//! The table of all codes in `fixtures/FINDINGS.md`: made of the rows that these tests play and of the catalogue, so that neither can
//! promise what the other does not hold. `GREENROOM_RECORD=1` writes it instead of comparing it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};

use simulator::finding::Code;

use super::{Row, concurrency, frameworks, rules, sqlx, start, versions};

/// What a code is shown by, in the order of the rows.
#[derive(Default)]
struct Shown {
    engines: BTreeSet<&'static str>,
    by: Vec<String>,
    severities: BTreeSet<&'static str>,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below `directory`.
fn sources(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).expect("the tree can be read");
    let paths = entries.map(|entry| entry.expect("the tree can be read").path());
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The names of the files below `directory`, but for `except`, that hold `text`.
fn holding(directory: &str, text: &str, except: &[&str]) -> Vec<String> {
    let below = root().join(directory);
    let named = |path: &PathBuf| path.strip_prefix(&below).map(|name| name.display().to_string()).unwrap_or_default();
    let files = sources(&below).into_iter().filter(|path| !except.iter().any(|it| named(path).starts_with(it)));
    let holds = |path: &PathBuf| std::fs::read_to_string(path).is_ok_and(|source| source.contains(text));
    files.filter(holds).map(|path| named(&path)).collect()
}

fn shown(rows: &[Row]) -> BTreeMap<Code, Shown> {
    let mut codes: BTreeMap<Code, Shown> = BTreeMap::new();
    for Row { app, engines, case } in rows {
        for (severity, found) in [("error, proved", case.errors), ("warning", case.warnings)] {
            for text in found {
                let (code, scenario) = text.split_once(' ').expect("a code and a scenario");
                let shown = codes.entry(code.parse().expect("it is in the catalogue")).or_default();
                shown.engines.extend(*engines);
                shown.severities.insert(severity);
                let scenario = if scenario == "?" { case.only } else { scenario };
                let line = format!("{app} `{}` ({scenario})", case.version);
                if !shown.by.contains(&line) {
                    shown.by.push(line);
                }
            }
        }
    }
    codes
}

fn rendered(rows: &[Row]) -> String {
    let codes = shown(rows);
    let mut text = String::from(
        "# What shows each code\n\nMade by `cargo test --test main data::table` from the rows that the tests of `rehearse data` play (`tests/data/`) and from the catalogue\n\
         (`greenroom explain CODE`). `GREENROOM_RECORD=1` writes it anew; it is never edited by hand.\n\n\
         ## Shown by a version of the fixtures, on real databases\n\n\
         | code | what goes wrong | engines | versions | as |\n|---|---|---|---|---|\n",
    );
    let mut push = |line: std::fmt::Arguments<'_>| text.write_fmt(line).expect("writing to a String cannot fail");
    for (code, Shown { engines, by, severities }) in &codes {
        let list = |set: &BTreeSet<&str>| set.iter().copied().collect::<Vec<_>>().join(", ");
        let (engines, by, kinds) =
            (list(engines), by.join(", "), severities.iter().copied().collect::<Vec<_>>().join("; "));
        push(format_args!("| {code} | {} | {engines} | {by} | {kinds} |\n", code.entry().title));
    }
    push(format_args!("\n## Near misses\n\nIn these nothing may be proved but the warnings that are named:\n\n"));
    for Row { app, engines, case } in rows.iter().filter(|row| row.case.errors.is_empty()) {
        let warnings = if case.warnings.is_empty() { String::new() } else { format!(": {}", case.warnings.join(", ")) };
        push(format_args!("- {app} `{}`, {} on {}{warnings}\n", case.version, case.only, engines.join(", ")));
    }
    push(format_args!(
        "\n## Not shown by a version in these tables\n\n\
         Other tests of the whole program name some of them, and tests of the library others, on real servers or with values alone.\n\n\
         | code | what goes wrong | shown by |\n|---|---|---|\n"
    ));
    for code in Code::ALL.iter().filter(|code| !codes.contains_key(code)) {
        let tests = holding("tests", code.text(), &["data/"]);
        let name = format!("Code::{}", code.text().replace('-', ""));
        let by = if !tests.is_empty() {
            tests.iter().map(|file| format!("`tests/{file}`")).collect::<Vec<_>>().join(", ")
        } else {
            by_the_library(&holding("simulator/src", &name, &["finding/catalogue"]))
        };
        push(format_args!("| {code} | {} | {by} |\n", code.entry().title));
    }
    text
}

/// What is said of a code that `files` of the library name and no whole run does.
fn by_the_library(files: &[String]) -> String {
    let is_test = |file: &&String| file.contains("tests/") || file.ends_with("tests.rs");
    let tests: Vec<String> = files.iter().filter(is_test).map(|file| format!("`simulator/src/{file}`")).collect();
    if files.is_empty() {
        "nothing: no code makes it yet".to_owned()
    } else if tests.is_empty() {
        "no whole run".to_owned()
    } else {
        format!("no whole run; {}", tests.join(", "))
    }
}

#[test]
fn what_is_written_of_the_codes_is_what_the_tests_show() {
    let tables =
        [versions::rows(), frameworks::rows(), sqlx::rows(), concurrency::rows(), start::rows(), rules::rows()];
    let rows: Vec<Row> = tables.into_iter().flatten().collect();
    let (file, text) = (root().join("fixtures/FINDINGS.md"), rendered(&rows));
    if std::env::var_os("GREENROOM_RECORD").is_some() {
        std::fs::write(&file, text).expect("the table can be written");
        return;
    }
    let written = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(written, text, "`GREENROOM_RECORD=1 cargo test --test main data::table` writes it anew");
}
