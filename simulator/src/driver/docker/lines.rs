//! A container's output, cut into lines as the `awslogs` log driver cuts it.

/// The most bytes that one event of CloudWatch Logs holds: 256 KiB less the 26 bytes that each event counts for.
pub(super) const LONGEST: usize = 256 * 1024 - 26;

/// One of a container's two streams.
#[derive(Debug, Default)]
pub(super) struct Lines {
    partial: Vec<u8>,
}

impl Lines {
    /// Takes in what was written and passes on every line that it completes. A line that is too long is passed on in
    /// pieces; an empty line is none.
    pub(super) fn take(&mut self, bytes: &[u8], pass_on: &mut impl FnMut(String)) {
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            self.partial.extend_from_slice(piece);
            while without_end(&self.partial).len() > LONGEST {
                let rest = self.partial.split_off(boundary(&self.partial));
                pass_on_line(&std::mem::replace(&mut self.partial, rest), pass_on);
            }
            if piece.ends_with(b"\n") {
                self.end(pass_on);
            }
        }
    }

    /// Passes on what is left at the end of the stream.
    pub(super) fn end(&mut self, pass_on: &mut impl FnMut(String)) {
        pass_on_line(&self.partial, pass_on);
        self.partial.clear();
    }
}

fn pass_on_line(bytes: &[u8], pass_on: &mut impl FnMut(String)) {
    let line = without_end(bytes);
    if !line.is_empty() {
        pass_on(String::from_utf8_lossy(line).into_owned());
    }
}

fn without_end(bytes: &[u8]) -> &[u8] {
    let line = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The last place at or before [`LONGEST`] where no character is cut in two.
fn boundary(bytes: &[u8]) -> usize {
    let is_start = |&at: &usize| bytes[at] & 0b1100_0000 != 0b1000_0000;
    (LONGEST - 3..=LONGEST).rev().find(is_start).unwrap_or(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(pieces: &[&[u8]]) -> Vec<String> {
        let mut lines = Lines::default();
        let mut passed_on = Vec::new();
        for piece in pieces {
            lines.take(piece, &mut |line| passed_on.push(line));
        }
        lines.end(&mut |line| passed_on.push(line));
        passed_on
    }

    #[test]
    fn lines_are_whole_however_they_come() {
        for (pieces, expected) in [
            (vec![&b"one\ntwo\n"[..]], vec!["one", "two"]),
            (vec![b"o", b"ne", b"\ntwo"], vec!["one", "two"]),
            (vec![b"windows\r\n\r\n\n\nend"], vec!["windows", "end"]),
            (vec![b"\xc3", b"\xa9\n"], vec!["é"]),
            (vec![b"not \xff text\n"], vec!["not \u{fffd} text"]),
            (vec![b""], vec![]),
        ] {
            assert_eq!(lines_of(&pieces), expected, "{pieces:?}");
        }
    }

    #[test]
    fn a_line_too_long_for_an_event_becomes_several_and_loses_nothing() {
        let long = "é".repeat(LONGEST) + "x";
        let lines = lines_of(&[b"before\n", long.as_bytes(), b"\nafter\n"]);
        assert_eq!(lines.len(), 5, "{:?}", lines.iter().map(String::len).collect::<Vec<_>>());
        assert!(lines.iter().all(|line| line.len() <= LONGEST && !line.contains('\u{fffd}')));
        assert_eq!(lines[1..4].concat(), long);
        let exact = "x".repeat(LONGEST);
        assert_eq!(lines_of(&[exact.as_bytes(), b"\r\n"]), std::slice::from_ref(&exact));
        assert_eq!(lines_of(&[exact.as_bytes(), b"y\n"]), [exact, "y".to_owned()]);
    }
}
