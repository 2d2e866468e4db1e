//! Commands, and what comes of them.

use super::super::Digest;
use super::*;

const MANIFEST: &str = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"digest":"CONFIG"},"layers":[]}"#;

/// What comes of scanning an image of an empty configuration with `command`, for a second at most.
async fn outcome(command: &str) -> Result<ScanOutcome, String> {
    let root = tempfile::tempdir().expect("the machine has room");
    let store = BlobStore::open(root.path()).expect("the store opens");
    let mut incoming = store.begin("upload").expect("there is room");
    incoming.append(&[bytes::Bytes::from_static(b"{}")]).expect("there is room");
    store.keep(&mut incoming).expect("there is room");
    let manifest = MANIFEST.replace("CONFIG", &Digest::of(b"{}").to_string());
    let wanted = ScanWanted {
        repository: "news".into(),
        digest: Digest::of(manifest.as_bytes()).to_string(),
        media_type: "application/vnd.oci.image.manifest.v1+json".into(),
        manifest,
    };
    let scanner = Scanner { limit: Duration::from_secs(1), ..Scanner::new(command, "127.0.0.1:4566") };
    scanner.scan(&store, &wanted).await.map_err(|error| error.to_string())
}

/// A command, and why its scan failed; nothing if it did not.
#[tokio::test]
async fn whatever_the_command_does_the_scan_ends() {
    for (command, failure) in [
        (r#"echo '{"findings":[]}'"#, ""),
        // The layout is whole, and everything in it is what its name says.
        (
            r#"cd "$GREENROOM_IMAGE_LAYOUT" && grep -q "$GREENROOM_DIGEST" index.json && test -f oci-layout &&
               for file in blobs/sha256/*; do echo "$(basename $file)  $file"; done | sha256sum --check --status &&
               test "$(ls blobs/sha256 | wc -l)" = 2 && test "$GREENROOM_IMAGE" = "127.0.0.1:4566/news@$GREENROOM_DIGEST" &&
               echo '{"findings":[]}'"#,
            "",
        ),
        // Nothing of our environment but what is named: this is set by cargo.
        (r#"test -z "$CARGO_MANIFEST_DIR" && test -n "$PATH" && echo '{"findings":[]}'"#, ""),
        ("echo a secret; exit 3", "the scanner ended with exit status: 3"),
        ("echo a secret", "the scanner's output cannot be read: it is not JSON, at line 1, column 1"),
        ("no-such-scanner", "the scanner ended with exit status: 127"),
        ("sleep 600", "the scanner was stopped after 1 seconds"),
        // One that lets go of its child, which still holds the output.
        ("sleep 600 & echo '{}'", "the scanner was stopped after 1 seconds"),
        ("yes", "the scanner wrote more than 67108864 bytes"),
    ] {
        let came = outcome(command).await;
        match failure {
            "" => assert_eq!(came, Ok(ScanOutcome::Found(Vec::new())), "{command}"),
            failure => {
                // A slow machine may take a second to write so much.
                let slow = command == "yes" && came == Err("the scanner was stopped after 1 seconds".to_owned());
                assert!(slow || came == Err(failure.to_owned()), "{command}: {came:?}");
            }
        }
    }
}
