//! What the fuzzers have kept, once more: each input reaches something that no other does.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use flate2::read::GzDecoder;

/// A target.
struct Target {
    name: &'static str,
    run: fn(&[u8]),
    /// Of so many inputs one is tried: stories of operations take longer than all the others.
    of: usize,
}

const TARGETS: [Target; 7] = [
    Target { name: "signature", run: super::signature, of: 1 },
    Target { name: "protocols", run: super::protocols, of: 1 },
    Target { name: "operations", run: super::operations, of: 10 },
    Target { name: "policy", run: super::policy, of: 1 },
    Target { name: "registry", run: super::registry, of: 1 },
    Target { name: "data_channel", run: super::data_channel, of: 1 },
    Target { name: "texts", run: super::texts, of: 1 },
];

#[test]
fn every_target_comes_back_from_what_the_fuzzers_have_kept() {
    for Target { name, run, of } in TARGETS {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fuzz/corpus/{name}.tar.gz"));
        let file = File::open(&path).unwrap_or_else(|error| panic!("{name} has no corpus: {error}"));
        let mut corpus = tar::Archive::new(GzDecoder::new(file));
        let mut tried = 0;
        for (number, entry) in corpus.entries().expect("it is an archive").enumerate() {
            let mut entry = entry.expect("it is an archive");
            if number % of == 0 && entry.header().entry_type().is_file() {
                let mut input = Vec::new();
                entry.read_to_end(&mut input).expect("it can be read");
                run(&input);
                tried += 1;
            }
        }
        assert!(tried > 50, "{name}: {tried} inputs");
    }
}
