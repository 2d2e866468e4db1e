//! The programs that put rules in place in a network, and tell what they have dropped.

use std::io::Write;
use std::net::Ipv4Addr;
use std::process::{Command, Output, Stdio};

use thiserror::Error;

/// What puts rules in place.
const RESTORE: &str = "iptables-restore";

/// What tells which rules there are.
const SAVE: &str = "iptables-save";

/// How long to wait for somebody else who is changing rules on this machine, such as the engine, in seconds.
const WAIT: &str = "5";

/// Why rules are not in place.
#[derive(Debug, Error)]
pub enum ToolError {
    /// The program is not there or cannot be started.
    #[error("could not run `{program}`")]
    Run {
        /// The program.
        program: &'static str,
        /// Why not.
        source: std::io::Error,
    },
    /// The program does not do it.
    #[error("`{program}` refuses: {said}")]
    Refused {
        /// The program.
        program: &'static str,
        /// What it says.
        said: String,
    },
}

/// Whether the programs are there.
pub(super) fn present() -> Result<(), ToolError> {
    [RESTORE, SAVE].into_iter().try_for_each(|program| run(program, &["--version"], "").map(drop))
}

/// Replaces the rules of the network that this thread is in.
pub(super) fn apply(rules: &str) -> Result<(), ToolError> {
    run(RESTORE, &["--wait", WAIT], rules).map(drop)
}

/// The rules of the network that this thread is in, each with the number of packets that it was applied to.
pub(super) fn counted() -> Result<String, ToolError> {
    run(SAVE, &["--counters", "--table", "filter"], "")
}

/// How many packets to `address` have been dropped, by what [`counted`] answers.
pub(super) fn dropped(counted: &str, address: Ipv4Addr) -> u64 {
    let destination = format!(" -d {address}/32 ");
    let of_rule = |line: &str| {
        let (packets, rest) = line.strip_prefix('[')?.split_once(':')?;
        let is_drop = rest.ends_with(" -j DROP") && rest.contains(&destination);
        packets.parse::<u64>().ok().filter(|_| is_drop)
    };
    counted.lines().filter_map(of_rule).sum()
}

/// Runs `program` with `input`, which it reads to the end before it says anything.
fn run(program: &'static str, arguments: &[&str], input: &str) -> Result<String, ToolError> {
    let failed = |source| ToolError::Run { program, source };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    // A program that does not want its input says why on its standard error.
    let written = child.stdin.take().map_or(Ok(()), |mut stdin| stdin.write_all(input.as_bytes()));
    let Output { status, stdout, stderr } = child.wait_with_output().map_err(failed)?;
    if !status.success() {
        return Err(ToolError::Refused { program, said: String::from_utf8_lossy(&stderr).trim().to_owned() });
    }
    written.map_err(failed)?;
    Ok(String::from_utf8_lossy(&stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_are_counted_by_address() {
        let counted = "\
*filter
:INPUT ACCEPT [0:0]
[2:120] -A OUTPUT -d 172.18.0.2/32 -p tcp -m tcp --dport 80:80 --tcp-flags FIN,SYN,RST,ACK SYN -j ACCEPT
[3:180] -A OUTPUT -d 172.18.0.2/32 -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j DROP
[1:60] -A OUTPUT -d 172.18.0.20/32 -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j DROP
[7:420] -A OUTPUT -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j DROP
COMMIT
";
        for (address, packets) in [([172, 18, 0, 2], 3), ([172, 18, 0, 20], 1), ([172, 18, 0, 3], 0)] {
            assert_eq!(dropped(counted, Ipv4Addr::from(address)), packets, "{address:?}");
        }
    }
}
