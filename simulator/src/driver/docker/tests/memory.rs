//! What is observed of a container's memory.

use super::*;

/// A program that takes 100 MiB and keeps them, and reads as much from a file, which it does not keep.
const HUNGRY: &str = "import os, time\n\
                      with open('/tmp/large', 'wb') as file: file.write(os.urandom(100 << 20))\n\
                      with open('/tmp/large', 'rb') as file:\n\
                      \x20   while file.read(1 << 20): pass\n\
                      used = b'x' * (100 << 20)\n\
                      time.sleep(600)";

#[tokio::test]
async fn a_containers_peak_is_observed_without_the_files_that_it_reads() {
    let mut scene = Scene::new("memory-peak").await;
    let (task, _) = scene.task().await;
    scene.start_spec(ContainerSpec { memory: Some(512), ..python(&task, "app", HUNGRY) }).await;
    let peak = |observation: &Observation| match observation {
        Observation::MemoryUsed { container, mebibytes, .. } if container == "app" && *mebibytes >= 100 => {
            Some(*mebibytes)
        }
        _ => None,
    };
    let mebibytes = scene.observe(peak).await;
    assert!(mebibytes < 180, "{mebibytes} MiB are more than it keeps");
    scene.end().await;
}
