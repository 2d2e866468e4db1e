//! Task sizes that Fargate offers.

/// Why a task size is not one of Fargate's.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Size {
    /// No task-level CPU.
    NoCpu,
    /// No task-level memory.
    NoMemory,
    /// A pair that Fargate does not offer.
    Unoffered {
        /// Units of 1/1024 vCPU.
        cpu: u32,
        /// MiB.
        memory: u32,
    },
}

/// The CPU sizes and for each the least memory, the most, and the step between, all in MiB (BOTO `cpu`).
const OFFERED: [(u32, u32, u32, u32); 6] = [
    (512, 1024, 4096, 1024),
    (1024, 2048, 8192, 1024),
    (2048, 4096, 16384, 1024),
    (4096, 8192, 30720, 1024),
    (8192, 16384, 61440, 4096),
    (16384, 32768, 122_880, 8192),
];

/// Whether Fargate offers a task of this size.
pub(crate) fn size(cpu: Option<u32>, memory: Option<u32>) -> Result<(), Size> {
    let cpu = cpu.ok_or(Size::NoCpu)?;
    let memory = memory.ok_or(Size::NoMemory)?;
    // The smallest size alone is a list, not a range.
    let smallest = cpu == 256 && [512, 1024, 2048].contains(&memory);
    let ranged = OFFERED.iter().any(|&(size, least, most, step)| {
        size == cpu && (least..=most).contains(&memory) && (memory - least).is_multiple_of(step)
    });
    if smallest || ranged { Ok(()) } else { Err(Size::Unoffered { cpu, memory }) }
}

/// `cpu` as task definitions write it (`1024`, `1 vCPU`), in units of 1/1024 vCPU.
pub(crate) fn cpu_units(text: &str) -> Option<u32> {
    match text.to_ascii_lowercase().strip_suffix("vcpu") {
        Some(count) => thousandths(count.trim()).map(|count| count * 1024 / 1000),
        None => text.trim().parse().ok(),
    }
}

/// `memory` as task definitions write it (`2048`, `2GB`, `0.5 GB`), in MiB.
pub(crate) fn memory_mib(text: &str) -> Option<u32> {
    match text.to_ascii_lowercase().strip_suffix("gb") {
        Some(count) => thousandths(count.trim()).map(|count| count * 1024 / 1000),
        None => text.trim().parse().ok(),
    }
}

/// A decimal number with at most three places, in thousandths.
fn thousandths(text: &str) -> Option<u32> {
    let (whole, places) = text.split_once('.').unwrap_or((text, ""));
    if places.len() > 3 {
        return None;
    }
    let places = format!("{places:0<3}");
    whole.parse::<u32>().ok()?.checked_mul(1000)?.checked_add(places.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fargate_offers_these_sizes_and_no_others() {
        for (cpu, memory, offered) in [
            (256, 512, true),
            (256, 1024, true),
            (256, 2048, true),
            (256, 3072, false),
            (512, 512, false),
            (512, 1024, true),
            (512, 4096, true),
            (512, 5120, false),
            (1024, 1024, false),
            (1024, 2048, true),
            (1024, 2500, false),
            (1024, 8192, true),
            (2048, 16384, true),
            (4096, 30720, true),
            (4096, 31744, false),
            (8192, 20480, true),
            (8192, 17408, false),
            (16384, 122_880, true),
            (300, 512, false),
        ] {
            assert_eq!(size(Some(cpu), Some(memory)).is_ok(), offered, "{cpu} CPU, {memory} memory");
        }
        assert_eq!(size(None, Some(512)), Err(Size::NoCpu));
        assert_eq!(size(Some(256), None), Err(Size::NoMemory));
    }

    #[test]
    fn sizes_are_read_as_aws_reads_them() {
        for (text, units) in
            [("256", Some(256)), ("1 vCPU", Some(1024)), (".25 vCPU", None), ("0.25vcpu", Some(256)), ("many", None)]
        {
            assert_eq!(cpu_units(text), units, "{text}");
        }
        for (text, mib) in [("512", Some(512)), ("2GB", Some(2048)), ("0.5 GB", Some(512)), ("2 TB", None)] {
            assert_eq!(memory_mib(text), mib, "{text}");
        }
    }
}
