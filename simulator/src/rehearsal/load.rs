//! Whether this machine was too busy for a rehearsal to show much.

/// With more processes than this waiting for each processor, containers are as slow as production's never are.
const BUSY: f64 = 4.0;

/// A caution if this machine has been too busy during the last minute; nothing where that cannot be told.
pub(crate) fn caution(processors: u32) -> Option<String> {
    let text = std::fs::read_to_string("/proc/loadavg").ok()?;
    judge(&text, processors)
}

/// Judges `/proc/loadavg`: its first field is the mean number of processes that wanted to run, over a minute (proc(5)).
fn judge(loadavg: &str, processors: u32) -> Option<String> {
    let load: f64 = loadavg.split_ascii_whitespace().next()?.parse().ok()?;
    (load > BUSY * f64::from(processors)).then(|| {
        format!(
            "{load:.0} processes wanted this machine's {processors} processors: what took too long may be its fault"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::judge;

    #[test]
    fn a_busy_machine_is_said() {
        let caution = judge("20.06 18.52 14.79 3/812 30739\n", 2).expect("it is busy");
        assert_eq!(caution, "20 processes wanted this machine's 2 processors: what took too long may be its fault");
        for idle in ["7.99 1.00 1.00 1/1 1", "", "x"] {
            assert_eq!(judge(idle, 2), None, "{idle:?}");
        }
    }
}
