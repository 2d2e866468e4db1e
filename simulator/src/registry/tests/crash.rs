//! What crashes, damage and full disks leave behind.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use http::{Method, StatusCode};
use tempfile::TempDir;

use super::super::{BlobStore, Digest, StoreError};
use super::{Fixture, answer};

/// The files below `directory` but for locks, without their directories, in order.
pub(super) fn files_below(directory: &Path) -> Vec<String> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else if path.file_name().is_some_and(|name| name != "lock") {
            files.push(path.file_name().expect("a name").to_string_lossy().into_owned());
        }
    }
    files.sort();
    files
}

fn stored(store: &BlobStore, content: &'static [u8]) -> Digest {
    let mut incoming = store.begin("upload").expect("an upload begins");
    incoming.append(&[Bytes::from_static(content)]).expect("it is written");
    store.keep(&mut incoming).expect("it is kept");
    incoming.digest()
}

#[test]
fn what_a_dead_process_left_is_swept_and_what_a_living_one_writes_is_not() {
    let root = TempDir::new().expect("a directory");
    let living = BlobStore::open(root.path()).expect("the store opens");
    let mut upload = living.begin("upload").expect("an upload begins");
    upload.append(&[Bytes::from_static(b"half")]).expect("it is written");
    // As a process leaves it that was killed: the directory is there, and nobody holds its lock.
    let dead = root.path().join("incoming/dead");
    fs::create_dir(&dead).expect("a directory");
    File::create(dead.join("lock")).expect("a lock");
    fs::write(dead.join("upload"), "half").expect("a file");
    let second = BlobStore::open(root.path()).expect("the store opens again");
    assert!(!dead.exists());
    upload.append(&[Bytes::from_static(b" and whole")]).expect("it is still written");
    living.keep(&mut upload).expect("it is kept");
    let blob = second.find(&Digest::of(b"half and whole")).expect("no trouble").expect("it is there");
    assert_eq!(blob.size, 14);
}

#[test]
fn processes_come_and_go_without_minding_one_another() {
    let root = TempDir::new().expect("a directory");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let store = BlobStore::open(root.path()).expect("the store opens");
                    let digest = stored(&store, b"the same for all");
                    assert!(store.find(&digest).expect("no trouble").is_some());
                }
            });
        }
    });
    assert_eq!(files_below(root.path()), [Digest::of(b"the same for all").hex()]);
}

#[test]
fn an_upload_that_ends_early_leaves_nothing() {
    let root = TempDir::new().expect("a directory");
    let store = BlobStore::open(root.path()).expect("the store opens");
    let mut upload = store.begin("upload").expect("an upload begins");
    upload.append(&[Bytes::from_static(b"half")]).expect("it is written");
    drop(upload);
    assert_eq!(files_below(root.path()), Vec::<String>::new());
    drop(store);
    let incoming: Vec<_> = fs::read_dir(root.path().join("incoming")).expect("a directory").collect();
    assert_eq!(incoming.len(), 1, "only the gate's lock is left: {incoming:?}");
}

#[test]
fn a_damaged_layer_is_found_out_before_it_is_trusted() {
    let root = TempDir::new().expect("a directory");
    let digest = stored(&BlobStore::open(root.path()).expect("the store opens"), b"a layer");
    let store = BlobStore::open(root.path()).expect("the store opens again");
    let path = store.path(&digest);
    fs::write(&path, "a torn ").expect("it is damaged");
    assert!(store.find(&digest).expect("no trouble").is_none());
    assert!(!path.exists());
    assert_eq!(stored(&store, b"a layer"), digest);
    assert!(store.find(&digest).expect("no trouble").is_some());
}

#[test]
fn the_layers_used_longest_ago_go_first_and_never_while_another_process_uses_the_store() {
    let root = TempDir::new().expect("a directory");
    let store = BlobStore::open(root.path()).expect("the store opens");
    let [old, middle, new] = [b"old 5" as &[u8], b"mid 5", b"new 5"].map(|content| stored(&store, content));
    for (digest, hours) in [(&old, 3), (&middle, 2), (&new, 1)] {
        let file = File::options().write(true).open(store.path(digest)).expect("the layer");
        file.set_modified(SystemTime::now() - Duration::from_secs(hours * 3600)).expect("its time is set");
    }
    let kept = |store: &BlobStore| [&old, &middle, &new].map(|digest| store.path(digest).exists());
    assert_eq!(kept(&BlobStore::open_keeping(root.path(), 9).expect("it opens")), [true; 3]);
    drop(store);
    assert_eq!(kept(&BlobStore::open_keeping(root.path(), 10).expect("it opens")), [false, true, true]);
    assert_eq!(kept(&BlobStore::open_keeping(root.path(), 9).expect("it opens")), [false, false, true]);
}

#[test]
fn a_store_that_cannot_be_made_says_where() {
    let root = TempDir::new().expect("a directory");
    let path = root.path().join("file");
    fs::write(&path, "in the way").expect("a file");
    let error = BlobStore::open(&path).expect_err("a file is in the way");
    assert_eq!(error.to_string(), format!("cannot open the store of image layers at `{}`", path.display()));
}

#[tokio::test]
async fn a_full_disk_is_told_to_the_client_and_to_the_rehearsal_and_the_upload_can_go_on() {
    let fixture = Fixture::new().await;
    let location = fixture.begin_upload().await;
    answer(fixture.request(Method::PATCH, &location).body("first, ")).await.expect(StatusCode::ACCEPTED);
    let id = location.rsplit('/').next().expect("an id").to_owned();
    let uploads = &fixture.registry.shared.uploads;
    let full = File::options().write(true).open("/dev/full").expect("a device that is always full");
    let good = {
        let mut incoming = uploads.turn(super::REPOSITORY, &id).await.expect("the upload");
        std::mem::replace(&mut incoming.file, full)
    };
    let refused = answer(fixture.request(Method::PATCH, &location).body("second")).await;
    let message = format!("no space left for image layers at `{}`", fixture.root.path().display());
    refused.expect_refusal(StatusCode::FORBIDDEN, "DENIED", &message);
    let failure = fixture.registry.failure().expect("the rehearsal is told");
    assert!(matches!(&*failure, StoreError::NoSpace { at } if at == fixture.root.path()), "{failure:?}");
    uploads.turn(super::REPOSITORY, &id).await.expect("the upload").file = good;
    assert_eq!(fixture.get(&location).await.header("range"), "0-6");
    answer(fixture.request(Method::PATCH, &location).body("second")).await.expect(StatusCode::ACCEPTED);
    let digest = Digest::of(b"first, second");
    answer(fixture.request(Method::PUT, &format!("{location}?digest={digest}"))).await.expect(StatusCode::CREATED);
    assert_eq!(fixture.get(&format!("blobs/{digest}")).await.body, b"first, second");
}

#[tokio::test]
async fn an_upload_that_is_left_alone_for_a_day_is_forgotten() {
    let fixture = Fixture::new().await;
    let location = fixture.begin_upload().await;
    answer(fixture.request(Method::PATCH, &location).body("half")).await.expect(StatusCode::ACCEPTED);
    let (uploads, hour) = (&fixture.registry.shared.uploads, Duration::from_secs(3600));
    uploads.forget_abandoned(Instant::now() + 23 * hour);
    fixture.get(&location).await.expect(StatusCode::NO_CONTENT);
    uploads.forget_abandoned(Instant::now() + 25 * hour);
    fixture.get(&location).await.expect_code(StatusCode::NOT_FOUND, "BLOB_UPLOAD_UNKNOWN");
    assert_eq!(files_below(fixture.root.path()), Vec::<String>::new());
}

#[tokio::test]
async fn a_layer_that_somebody_removed_is_uploaded_again() {
    let fixture = Fixture::new().await;
    let digest = fixture.upload(b"a layer").await;
    fs::remove_file(fixture.registry.shared.store.path(&digest)).expect("it is removed");
    fixture.get(&format!("blobs/{digest}")).await.expect_code(StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN");
    assert!(matches!(fixture.registry.failure().as_deref(), Some(StoreError::Gone { .. })));
    fixture.head(&format!("blobs/{digest}")).await.expect(StatusCode::NOT_FOUND);
    fixture.upload(b"a layer").await;
    assert_eq!(fixture.get(&format!("blobs/{digest}")).await.body, b"a layer");
}

#[tokio::test]
async fn only_with_known_layers_does_a_later_rehearsal_know_the_large_layers_of_an_earlier_one() {
    let root = Arc::new(TempDir::new().expect("a directory"));
    let large = vec![7; 1 << 20];
    let start = async |known: bool| {
        let store = BlobStore::open(root.path()).expect("the store opens");
        let store = if known { store.with_known_layers() } else { store };
        Fixture::with_store(Arc::clone(&root), store).await
    };
    let has = async |fixture: &Fixture, digest: &Digest| fixture.head(&format!("blobs/{digest}")).await.status == 200;
    // A rehearsal that does not remember leaves nothing to know.
    let forgetful = start(false).await;
    let (small, big) = (forgetful.upload(b"small").await, forgetful.upload(&large).await);
    drop(forgetful);
    let first = start(true).await;
    assert!(!has(&first, &big).await);
    first.upload(&large).await;
    first.upload(b"small").await;
    assert_eq!(first.registry.known_layers(), []);
    drop(first);
    let plain = start(false).await;
    assert!(!has(&plain, &big).await);
    drop(plain);
    let second = start(true).await;
    assert!(!has(&second, &small).await, "small layers are uploaded each time");
    assert!(has(&second, &big).await && has(&second, &big).await);
    let known = second.registry.known_layers();
    assert_eq!(
        known.iter().map(|layer| (layer.repository.as_str(), &layer.digest)).collect::<Vec<_>>(),
        [("news/api", &big)]
    );
    assert_eq!(second.get(&format!("blobs/{big}")).await.body, large);
    // Another repository has never been given it.
    second.create_repository("other");
    second.head(&format!("/v2/other/blobs/{big}")).await.expect(StatusCode::NOT_FOUND);
    // What is known is checked like anything else from an earlier process.
    let path = second.registry.shared.store.path(&big);
    drop(second);
    fs::write(path, "torn").expect("it is damaged");
    assert!(!has(&start(true).await, &big).await);
}
