//! AWS's arithmetic as tables, worked out by hand from AWS's wording and not by our formulas.

use simulator_core::ecs::service::{CircuitBreaker, DeploymentConfiguration, ThresholdKind};
use simulator_core::ecs::{LaunchType, RegisterTaskDefinition};
use simulator_core::{Refusal, Timing};

use crate::virtual_time::{Account, container};

/// "The minimum number of tasks ... must remain in the RUNNING state ... as a percentage of the desired number of tasks (rounded up to the
/// nearest integer)": for 0, 1, ... 10 desired tasks (facts 1.1).
const MINIMA: [(u32, [u32; 11]); 4] = [
    (0, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    (50, [0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]),
    (75, [0, 1, 2, 3, 3, 4, 5, 6, 6, 7, 8]),
    (100, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
];

/// "The maximum number of tasks ... allowed in the RUNNING or PENDING state ... (rounded down to the nearest integer)": the same.
const MAXIMA: [(u32, [u32; 11]); 4] = [
    (100, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
    (125, [0, 1, 2, 3, 5, 6, 7, 8, 10, 11, 12]),
    (150, [0, 1, 3, 4, 6, 7, 9, 10, 12, 13, 15]),
    (200, [0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20]),
];

#[test]
fn the_minimum_rounds_up_and_the_maximum_rounds_down() {
    for (minimum_healthy_percent, minima) in MINIMA {
        for (maximum_percent, maxima) in MAXIMA {
            let configuration = DeploymentConfiguration {
                minimum_healthy_percent,
                maximum_percent,
                ..DeploymentConfiguration::default()
            };
            for (desired, (minimum, maximum)) in (0..).zip(minima.into_iter().zip(maxima)) {
                assert_eq!(
                    (configuration.minimum_of(desired), configuration.maximum_of(desired)),
                    (minimum, maximum),
                    "{desired} tasks at {minimum_healthy_percent}/{maximum_percent}"
                );
            }
        }
    }
}

/// Percentages beside the table's, and the guide's own examples: four tasks at 50 % may lose two, two at 75 % none; four at 200 % may gain
/// four, three at 125 % none.
#[test]
fn other_bounds() {
    for (desired, minimum_healthy_percent, maximum_percent, minimum, maximum) in [
        (4, 50, 200, 2, 8),
        (2, 75, 200, 2, 4),
        (3, 100, 125, 3, 3),
        (7, 33, 133, 3, 9),
        (1, 1, 199, 1, 1),
        (1000, 99, 101, 990, 1010),
    ] {
        let configuration =
            DeploymentConfiguration { minimum_healthy_percent, maximum_percent, ..DeploymentConfiguration::default() };
        assert_eq!((configuration.minimum_of(desired), configuration.maximum_of(desired)), (minimum, maximum));
    }
}

/// How many desired tasks a row is for.
const DESIRED: [u32; 6] = [1, 2, 25, 100, 400, 800];

/// Facts 2.1: a bounded percentage is at least 3 and at most 200; every percentage rounds up; a count is what it is.
#[test]
fn thresholds_are_those_of_the_guide() {
    use ThresholdKind::{BoundedPercent, Count, UnboundedPercent};
    for (kind, value, failures) in [
        (BoundedPercent, 50, [3, 3, 13, 50, 200, 200]),
        (BoundedPercent, 10, [3, 3, 3, 10, 40, 80]),
        (BoundedPercent, 1, [3, 3, 3, 3, 4, 8]),
        (BoundedPercent, 100, [3, 3, 25, 100, 200, 200]),
        (UnboundedPercent, 50, [1, 1, 13, 50, 200, 400]),
        (UnboundedPercent, 10, [1, 1, 3, 10, 40, 80]),
        (UnboundedPercent, 1, [1, 1, 1, 1, 4, 8]),
        (UnboundedPercent, 100, [1, 2, 25, 100, 400, 800]),
        (Count, 1, [1, 1, 1, 1, 1, 1]),
        (Count, 5, [5, 5, 5, 5, 5, 5]),
        (Count, 500, [500, 500, 500, 500, 500, 500]),
    ] {
        let breaker = CircuitBreaker { threshold: (kind, value), ..CircuitBreaker::default() };
        assert_eq!(DESIRED.map(|desired| breaker.threshold_of(desired)), failures, "{kind:?} {value}");
    }
}

/// The task sizes that Fargate offers (BOTO `cpu`), in the words of the page: CPU units, and GB of memory.
const SIZES: [(u32, &[&str]); 7] = [
    (256, &["0.5", "1", "2"]),
    (512, &["1", "2", "3", "4"]),
    (1024, &["2", "3", "4", "5", "6", "7", "8"]),
    (2048, &["4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16"]),
    (
        4096,
        &[
            "8", "9", "10", "11", "12", "13", "14", "15", "16", "17", "18", "19", "20", "21", "22", "23", "24", "25",
            "26", "27", "28", "29", "30",
        ],
    ),
    (8192, &["16", "20", "24", "28", "32", "36", "40", "44", "48", "52", "56", "60"]),
    (16384, &["32", "40", "48", "56", "64", "72", "80", "88", "96", "104", "112", "120"]),
];

fn register(account: &mut Account, cpu: &str, memory: &str) -> Result<(Option<u32>, Option<u32>), Refusal> {
    let registered = account.call(RegisterTaskDefinition {
        family: "sized".to_owned(),
        execution_role: Some("execution".to_owned()),
        network_mode: Some("awsvpc".to_owned()),
        requires: vec![LaunchType::Fargate],
        cpu: Some(cpu.to_owned()),
        memory: Some(memory.to_owned()),
        containers: vec![container("app", "app:1")],
        ..RegisterTaskDefinition::default()
    });
    registered.map(|definition| (definition.cpu, definition.memory))
}

fn mebibytes(gigabytes: &str) -> u32 {
    if gigabytes == "0.5" { 512 } else { gigabytes.parse::<u32>().expect("a whole number") * 1024 }
}

/// Every pair of the table is taken, written either way; every other one is refused, in AWS's words.
#[test]
fn fargate_offers_these_sizes_and_no_others() {
    let mut account = Account::new(Timing::aws());
    for (cpu, offered) in SIZES {
        for memory in offered {
            let size = Ok((Some(cpu), Some(mebibytes(memory))));
            assert_eq!(register(&mut account, &cpu.to_string(), &mebibytes(memory).to_string()), size);
            let cpus = format!("{} vCPU", f64::from(cpu) / 1024.0);
            assert_eq!(register(&mut account, &cpus, &format!("{memory} GB")), size, "{cpus}, {memory} GB");
        }
        let offered: Vec<u32> = offered.iter().map(|memory| mebibytes(memory)).collect();
        for memory in (0..=124).map(|gigabytes| gigabytes * 1024).chain([256, 511, 513, 1500, 2047, 2500, 30721]) {
            let expected = if offered.contains(&memory) {
                Ok((Some(cpu), Some(memory)))
            } else {
                let message = format!(
                    "No Fargate configuration exists for given values: {cpu} CPU, {memory} memory. See the Amazon ECS documentation \
                     for the valid values."
                );
                Err(Refusal::fault("ClientException", message))
            };
            assert_eq!(register(&mut account, &cpu.to_string(), &memory.to_string()), expected);
        }
    }
    for cpu in ["0", "128", "255", "300", "768", "3072", "32768"] {
        let refused = register(&mut account, cpu, "2048").expect_err("no such size");
        assert!(refused.to_string().contains("No Fargate configuration exists"), "{cpu}: {refused}");
    }
}
