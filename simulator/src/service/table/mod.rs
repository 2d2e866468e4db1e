//! The table of operations: what is served, what each asks IAM for, and which refusals were seen.
//!
//! `fixtures/operations/SERVICE.calls` calls every operation of a service; what IAM is asked then, and what is refused, is written down in
//! `SERVICE.md` beside it, which may only grow; `aws/SERVICE.toml` says what AWS documents of the same.

mod advice;
mod audit;
mod aws;
mod calls;
mod play;
mod rows;

use std::collections::BTreeSet;
use std::path::PathBuf;

use aws::Documented;
use play::Seen;
use rows::Table;

/// Set, it has the tables written anew.
const UPDATE: &str = "UPDATE_OPERATIONS";

/// The signing names of the services, each of which has its calls and its table.
fn services() -> Vec<&'static str> {
    super::all().iter().map(|service| service.signing_name).collect()
}

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures/operations").join(name)
}

fn read(name: &str) -> String {
    let path = fixture(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What all calls of all services show, each of which must end as its file says.
fn seen() -> Vec<Seen> {
    let mut all = Vec::new();
    let mut all_wrong = Vec::new();
    for service in services() {
        let (seen, wrong) = play::all(service, &read(&format!("{service}.calls")));
        all.extend(seen);
        all_wrong.extend(wrong);
    }
    assert!(all_wrong.is_empty(), "{}", all_wrong.join("\n"));
    all
}

/// Neither an operation nor anything that it asks for, nor a refusal that was tested, gets lost; and what is new is written down.
#[test]
fn the_committed_operations_only_grow() {
    let (seen, documented) = (seen(), Documented::read());
    let update = std::env::var_os(UPDATE).is_some();
    let mut complaints = Vec::new();
    for service in super::all() {
        let name = format!("{}.md", service.signing_name);
        let present = Table::of(&service, &seen, &documented);
        let text = present.written(&documented);
        let committed = std::fs::read_to_string(fixture(&name)).unwrap_or_default();
        let before = rows::entries(&committed);
        let now = rows::entries(&text);
        let lost: BTreeSet<_> = before.difference(&now).collect();
        complaints.extend(
            present.uncalled.iter().map(|operation| {
                format!("fixtures/operations/{}.calls does not call {operation}", service.signing_name)
            }),
        );
        complaints.extend(lost.iter().map(|lost| {
            format!("{name} lists what is gone, or no call shows any more: {lost}; if it must go, take it out by hand")
        }));
        if text == committed {
            continue;
        }
        if update && lost.is_empty() && present.uncalled.is_empty() {
            std::fs::write(fixture(&name), text).expect("the tree can be written");
        } else {
            complaints.extend(now.difference(&before).map(|new| format!("{name} does not list {new}")));
            complaints.push(format!("{name} is out of date: run `{UPDATE}=1 cargo test -p simulator operations`"));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
