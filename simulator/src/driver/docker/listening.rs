//! On which addresses something listens, as the kernel has it in `/proc/net`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// A command that prints a line for each socket that listens (state 0A), with nothing but a shell.
pub(super) fn question() -> Vec<String> {
    let each = "while read -r _ local _ state _; do [ \"$state\" = 0A ] && echo \"$local\"; done";
    let line = format!("for file in /proc/net/tcp /proc/net/tcp6; do [ -r $file ] && {each} < $file; done; :");
    ["/bin/sh", "-c", &line].map(str::to_owned).to_vec()
}

/// The addresses in what that printed.
pub(super) fn sockets(printed: &str) -> Vec<SocketAddr> {
    let mut found: Vec<SocketAddr> = printed.lines().filter_map(socket).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// `0100007F:1F40`: each word of the address with its last byte first.
fn socket(line: &str) -> Option<SocketAddr> {
    let (address, port) = line.trim().split_once(':')?;
    let words: Vec<u32> = (0..address.len())
        .step_by(8)
        .map(|at| u32::from_str_radix(address.get(at..at + 8)?, 16).ok())
        .collect::<Option<_>>()?;
    let address = match words.as_slice() {
        [word] => IpAddr::V4(Ipv4Addr::from(word.to_le_bytes())),
        [_, _, _, _] => {
            let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
            IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?)).to_canonical()
        }
        _ => return None,
    };
    Some(SocketAddr::new(address, u16::from_str_radix(port, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use super::sockets;

    #[test]
    fn addresses_are_read_as_the_kernel_writes_them() {
        let printed = "0100007F:1F40\n00000000:0050\n00000000000000000000000000000000:1F91\n\
                       00000000000000000000000001000000:1F90\n0000000000000000FFFF00000100007F:0051\nsh: not found\n";
        let found: Vec<String> = sockets(printed).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["0.0.0.0:80", "127.0.0.1:81", "127.0.0.1:8000", "[::]:8081", "[::1]:8080"]);
    }
}
