//! Holds the rules of the tree: who may depend on whom, how long a file may be, what may not be written.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

const LONGEST_FILE: usize = 600;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Files that git tracks, or would track.
fn files(pattern: &str) -> Vec<PathBuf> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", pattern])
        .current_dir(root())
        .output()
        .expect("git is there, since the tree is");
    let names = String::from_utf8(output.stdout).expect("our file names are UTF-8");
    names.lines().map(|name| root().join(name)).filter(|path| path.exists()).collect()
}

/// The names of all packages that `package` is built with, itself included; tests' own dependencies are not.
fn built_with(package: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--offline",
            "--package",
            package,
            "--edges",
            "normal,build",
            "--prefix",
            "none",
            "--format",
            "{p}",
        ])
        .current_dir(root())
        .output()
        .expect("cargo is there, since it runs this test");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).expect("package names are ASCII");
    tree.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

#[test]
fn dependencies_point_in_one_direction() {
    /// A package, and beginnings of names of packages that it must not be built with.
    const FORBIDDEN: [(&str, &[&str]); 3] = [
        ("simulator-core", &["tokio", "hyper", "bollard", "aws-", "axum", "reqwest", "rand", "simulator", "bootstrap"]),
        ("simulator", &["bootstrap", "greenroom", "aws-sdk-", "aws-config"]),
        ("bootstrap", &["simulator", "greenroom", "bollard", "testcontainers", "axum"]),
    ];
    for (package, forbidden) in FORBIDDEN {
        for name in built_with(package).iter().filter(|name| *name != package) {
            let wrong = forbidden.iter().any(|start| name.starts_with(start));
            let core = package == "simulator" && name == "simulator-core";
            assert!(!wrong || core, "{package} is built with {name}");
        }
    }
}

#[test]
fn files_are_short_enough_to_read() {
    for path in files("*.rs") {
        let lines = std::fs::read_to_string(&path).expect("our sources are UTF-8").lines().count();
        assert!(lines <= LONGEST_FILE, "{} has {lines} lines; at 400 look for the seam", path.display());
    }
}

#[test]
fn nothing_is_promised_ignored_or_called_utils() {
    // Split, so that this file is not its own finding.
    let marks = [["to", "do!("], ["unimple", "mented!("], ["#[ig", "nore"], [".unw", "rap()"], ["thread::sl", "eep"]];
    for path in files("*.rs") {
        let text = std::fs::read_to_string(&path).expect("our sources are UTF-8");
        for mark in marks.map(|parts| parts.concat()) {
            assert!(!text.contains(&mark), "{} has `{mark}`", path.display());
        }
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        assert!(!["utils", "util", "helpers", "common", "manager", "misc"].contains(&stem), "{}", path.display());
    }
}

#[test]
fn the_readme_lists_the_commands_that_exist() {
    let readme = std::fs::read_to_string(root().join("README.md")).expect("there is a README");
    let help = crate::app::greenroom().arg("--help").output().expect("greenroom can be run");
    let help = String::from_utf8(help.stdout).expect("our help is UTF-8");
    let commands = help.lines().skip_while(|line| !line.starts_with("Commands:")).skip(1);
    for line in commands.take_while(|line| line.starts_with("  ")).filter(|line| !line.starts_with("   ")) {
        let name = line.split_whitespace().next().unwrap_or_default();
        assert!(name == "help" || readme.contains(&format!("greenroom {name}")), "README.md says nothing of `{name}`");
    }
}
