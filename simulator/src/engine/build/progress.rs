//! What the engine's builder says while it works.
//!
//! Its protocol is the text that `docker build` prints: a step's number and instruction, the id of the image after each
//! step, and between them whatever the step's command writes. Our own instructions are left out and not counted.

use std::collections::VecDeque;

/// Lines of a step's output that are kept for an error.
const KEPT_LINES: usize = 40;

/// One thing to show while an image is built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress<'a> {
    /// An image that the build starts from is fetched.
    Pulling {
        /// The image.
        image: &'a str,
    },
    /// A step begins.
    Step {
        /// Its number in the user's Dockerfile, from 1.
        number: usize,
        /// How many there are.
        total: usize,
        /// The instruction.
        instruction: &'a str,
    },
    /// The step was found in the builder's cache.
    Cached,
    /// A line of the step's output.
    Output {
        /// The line without its end.
        line: &'a str,
    },
}

/// Where a build was when it failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FailedStep {
    /// The step's number in the user's Dockerfile, from 1; zero before the first.
    pub number: usize,
    /// How many there are.
    pub total: usize,
    /// The instruction.
    pub instruction: String,
    /// The last lines of its output.
    pub output: Vec<String>,
}

impl FailedStep {
    /// Where a message says it was; nothing before the first step, when the context was still being unpacked.
    pub(super) fn place(&self) -> String {
        let Self { number, total, instruction, output: _ } = self;
        if *number == 0 { String::new() } else { format!(" at step {number} of {total}, `{instruction}`") }
    }
}

/// Follows one build.
#[derive(Debug)]
pub(super) struct Follower {
    /// Our instruction, which the user did not write and is not shown.
    hidden: String,
    /// How many of the steps are ours: one per stage, and the label at the end.
    hidden_total: usize,
    /// Steps so far, and of them ours.
    steps: usize,
    hidden_steps: usize,
    hides: bool,
    step: FailedStep,
    output: VecDeque<String>,
    partial: String,
    /// The image after the last step of each stage that has taken a step of its own.
    stages: Vec<Stage>,
}

#[derive(Debug, Default)]
struct Stage {
    steps: usize,
    image: Option<String>,
}

impl Follower {
    /// For a Dockerfile with `stages` stages, each of which holds the instruction `hidden`.
    pub(super) fn new(hidden: &str, stages: usize) -> Self {
        Self {
            hidden: hidden.to_owned(),
            hidden_total: stages + 1,
            steps: 0,
            hidden_steps: 0,
            hides: false,
            step: FailedStep::default(),
            output: VecDeque::new(),
            partial: String::new(),
            stages: Vec::new(),
        }
    }

    /// Takes in a piece of the builder's text.
    pub(super) fn take(&mut self, text: &str, show: &mut impl FnMut(Progress<'_>)) {
        // What the builder says itself comes a line at a time, in a piece of its own.
        if let Some((number, total, instruction)) = as_step(text).filter(|&(number, ..)| number == self.steps + 1) {
            return self.begin(number, total, instruction, show);
        }
        if let Some(word) = text.strip_prefix(" ---> ") {
            return self.take_note(word.trim_end(), show);
        }
        if self.hides || text.starts_with("Removing intermediate container ") {
            return;
        }
        self.partial.push_str(text);
        while let Some(end) = self.partial.find('\n') {
            let line: String = self.partial.drain(..=end).collect();
            self.output(line.trim_end(), show);
        }
    }

    /// Where it stands.
    pub(super) fn failed_step(mut self) -> FailedStep {
        let partial = std::mem::take(&mut self.partial);
        self.output(&partial, &mut |_| {});
        FailedStep { output: self.output.into(), ..self.step }
    }

    /// For each stage that has got beyond its first image: the stage's number, from 0, and the image it has got to.
    pub(super) fn stage_images(&self) -> Vec<(usize, String)> {
        let stages = self.stages.iter().enumerate();
        stages.filter(|(_, stage)| stage.steps > 1).filter_map(|(at, stage)| Some((at, stage.image.clone()?))).collect()
    }

    fn begin(&mut self, number: usize, total: usize, instruction: &str, show: &mut impl FnMut(Progress<'_>)) {
        self.steps = number;
        self.partial.clear();
        self.output.clear();
        if instruction.get(..5).is_some_and(|keyword| keyword.eq_ignore_ascii_case("FROM ")) {
            self.stages.push(Stage::default());
        }
        if let Some(stage) = self.stages.last_mut() {
            stage.steps += 1;
        }
        // The last of all is the label with the digest.
        self.hides = instruction == self.hidden || number == total;
        if self.hides {
            self.hidden_steps += 1;
            return;
        }
        let (number, total) = (number - self.hidden_steps, total.saturating_sub(self.hidden_total));
        self.step = FailedStep { number, total, instruction: instruction.to_owned(), output: Vec::new() };
        show(Progress::Step { number, total, instruction });
    }

    fn take_note(&mut self, word: &str, show: &mut impl FnMut(Progress<'_>)) {
        if word == "Using cache" && !self.hides {
            show(Progress::Cached);
        } else if word.len() >= 12
            && word.bytes().all(|byte| byte.is_ascii_hexdigit())
            && let Some(stage) = self.stages.last_mut()
        {
            stage.image = Some(word.to_owned());
        }
    }

    fn output(&mut self, line: &str, show: &mut impl FnMut(Progress<'_>)) {
        // A progress bar draws over its line again and again: what stands at last is what matters.
        let line = without_colour(line.rsplit('\r').find(|part| !part.is_empty()).unwrap_or_default());
        if line.is_empty() {
            return;
        }
        if self.output.len() == KEPT_LINES {
            self.output.pop_front();
        }
        show(Progress::Output { line: &line });
        self.output.push_back(line);
    }
}

/// `line` without the escape sequences by which the builder colours what a command writes to its standard error.
fn without_colour(line: &str) -> String {
    let mut parts = line.split("\u{1b}[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|character: char| !character.is_ascii_digit() && character != ';').unwrap_or(part.len());
        plain.push_str(part[end..].strip_prefix('m').unwrap_or(&part[end..]));
    }
    plain
}

/// `Step 3/7 : RUN x` as 3, 7 and `RUN x`.
fn as_step(text: &str) -> Option<(usize, usize, &str)> {
    let (count, instruction) = text.strip_prefix("Step ")?.split_once(" : ")?;
    let (number, total) = count.split_once('/')?;
    Some((number.parse().ok()?, total.parse().ok()?, instruction.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the engine of release 20.10 says it.
    const PIECES: &[&str] = &[
        "Step 1/7 : FROM python:3.11-slim AS one",
        "\n",
        " ---> d61621745a77\n",
        "Step 2/7 : LABEL greenroom.build=x",
        "\n",
        " ---> Running in 8ebb7d512d4d\n",
        "Removing intermediate container 8ebb7d512d4d\n",
        " ---> 1f008c1317ab\n",
        "Step 3/7 : RUN echo one",
        "\n",
        " ---> Running in 2c3eb4283c20\n",
        "o",
        "ne\n\u{1b}[91mtw\u{1b}[0mo\n\u{1b}[0m\n 10%\r 20%\r100%\n",
        "Step 9/9 : a line that only looks like a step\n",
        "Removing intermediate container 2c3eb4283c20\n",
        " ---> 78b027b02bfd\n",
        "Step 4/7 : FROM python:3.11-slim",
        "\n",
        " ---> d61621745a77\n",
        "Step 5/7 : LABEL greenroom.build=x",
        "\n",
        " ---> Using cache\n",
        " ---> 1f008c1317ab\n",
        "Step 6/7 : COPY --from=one /one /one",
        "\n",
        " ---> Using cache\n",
        " ---> 801ed7ee9fb3\n",
    ];

    #[test]
    fn the_users_steps_are_shown_and_counted_without_ours() {
        let mut follower = Follower::new("LABEL greenroom.build=x", 2);
        let mut shown = Vec::new();
        let mut show = |progress: Progress<'_>| {
            shown.push(match progress {
                Progress::Pulling { image } => format!("pulling {image}"),
                Progress::Step { number, total, instruction } => format!("{number}/{total} {instruction}"),
                Progress::Cached => "cached".to_owned(),
                Progress::Output { line } => format!("> {line}"),
            });
        };
        for piece in PIECES {
            follower.take(piece, &mut show);
        }
        follower.take("half a li", &mut show);
        assert_eq!(
            shown,
            [
                "1/4 FROM python:3.11-slim AS one",
                "2/4 RUN echo one",
                "> one",
                "> two",
                "> 100%",
                "> Step 9/9 : a line that only looks like a step",
                "3/4 FROM python:3.11-slim",
                "4/4 COPY --from=one /one /one",
                "cached",
            ]
        );
        assert_eq!(follower.stage_images(), [(0, "78b027b02bfd".to_owned()), (1, "801ed7ee9fb3".to_owned())]);
        let failed = follower.failed_step();
        assert_eq!((failed.number, failed.total), (4, 4));
        assert_eq!(failed.output, ["half a li"]);
    }

    #[test]
    fn only_the_last_lines_are_kept() {
        let mut follower = Follower::new("LABEL x", 1);
        follower.take("Step 1/9 : FROM a", &mut |_| {});
        for number in 0..100 {
            follower.take(&format!("line {number}\n"), &mut |_| {});
        }
        let output = follower.failed_step().output;
        assert_eq!(output.len(), KEPT_LINES);
        assert_eq!(output.last().map(String::as_str), Some("line 99"));
    }
}
