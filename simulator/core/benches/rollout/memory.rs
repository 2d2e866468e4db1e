//! How much memory a task takes.

use std::io::Write;

use crate::scene::Scene;

/// The size of a page of memory, in bytes.
const PAGE: u64 = 4096;

/// Rolls a service out, and writes how much the process has grown for each of its tasks: the World, its trace, and the driver.
pub(crate) fn report() {
    const TASKS: u32 = 50_000;
    let before = resident();
    let mut scene = Scene::with_service(TASKS, false);
    scene.run();
    if let (Some(before), Some(after)) = (before, resident()) {
        let each = after.saturating_sub(before) / u64::from(TASKS);
        // Whoever does not read it does not need it.
        let _ = writeln!(std::io::stdout(), "memory of {TASKS} tasks: {each} bytes each, their trace included");
    }
}

/// The memory that this process has now, in bytes, where the system says.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures the process that it is")]
fn resident() -> Option<u64> {
    let said = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = said.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * PAGE)
}
