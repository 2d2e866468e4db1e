//! The decision whether a database is ready, over what a second container has seen of it.

use std::time::Duration;

use super::sample::{Answer, Outcome, Sample, Wanted};
use super::{Rule, RuleEvidence};
use crate::database::Engine;

/// How long one instance must have been up (rule 3).
const SETTLED: Duration = Duration::from_secs(2);

/// For how long the credentials must be refused without pause until no change is expected any more. Over TCP only the real server
/// answers, and by then its accounts have been made.
const REFUSED_FOR_GOOD: Duration = Duration::from_secs(3);

/// What is to be made of the samples so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// All four rules hold.
    Ready(Vec<RuleEvidence>),
    /// A rule does not hold yet.
    NotYet(Shortfall),
    /// A rule does not hold, and waiting will not change that.
    Never(Shortfall),
}

/// The first rule that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortfall {
    /// The rule.
    pub rule: Rule,
    /// Why it does not hold.
    pub because: String,
}

/// Decides whether the database is ready.
#[must_use]
pub fn judge(wanted: &Wanted, samples: &[Sample]) -> Judgement {
    let not_yet = |rule, because| Judgement::NotYet(Shortfall { rule, because });
    let Some(last) = samples.last() else {
        return not_yet(Rule::Tcp, "no attempt has ended yet".to_owned());
    };
    let answer = match &last.outcome {
        Outcome::Answered(answer) => answer,
        Outcome::Refused(words) => {
            let shortfall = Shortfall { rule: rule_behind(wanted.engine, words), because: words.clone() };
            let refused_for = last.at.saturating_sub(refused_since(wanted.engine, samples).unwrap_or(last.at));
            return if refused_for >= REFUSED_FOR_GOOD {
                Judgement::Never(shortfall)
            } else {
                Judgement::NotYet(shortfall)
            };
        }
    };
    let Wanted { engine: _, user, database, alias } = wanted;
    if answer.client.is_empty() || answer.client == "localhost" {
        return not_yet(Rule::Tcp, "the answer did not come over TCP".to_owned());
    }
    if !answer.one || answer.database != *database {
        return not_yet(Rule::Credentials, format!("`SELECT 1` was not answered by the database `{database}`"));
    }
    let Some(listening) = &answer.listening else {
        return not_yet(Rule::NotTemporary, "the server that answers listens on no address".to_owned());
    };
    let up = answer.up.max(seen_for(samples));
    if up < SETTLED {
        return not_yet(Rule::SameInstance, format!("this instance has been up for {} ms only", up.as_millis()));
    }
    let evidence = |rule, evidence| RuleEvidence { rule, evidence };
    Judgement::Ready(vec![
        evidence(Rule::Tcp, format!("container {} was answered by {alias} on {listening}", answer.client)),
        evidence(Rule::Credentials, format!("`{user}` ran SELECT 1 in `{database}`")),
        evidence(
            Rule::SameInstance,
            format!("the instance started at {} has been up for {} ms", answer.started, up.as_millis()),
        ),
        evidence(Rule::NotTemporary, format!("the server listens on {listening}")),
    ])
}

/// The rule that a client's complaint falls under.
fn rule_behind(engine: Engine, words: &str) -> Rule {
    let refusals: &[&str] = match engine {
        Engine::Postgres => &["authentication failed", "does not exist", "permission denied", "no pg_hba.conf entry"],
        // Access denied, access denied to the database, unknown database.
        Engine::MySql | Engine::MariaDb => &["ERROR 1045", "ERROR 1044", "ERROR 1049"],
    };
    if refusals.iter().any(|refusal| words.contains(refusal)) { Rule::Credentials } else { Rule::Tcp }
}

/// Since when the credentials have been refused without pause.
fn refused_since(engine: Engine, samples: &[Sample]) -> Option<Duration> {
    samples
        .iter()
        .rev()
        .take_while(|sample| match &sample.outcome {
            Outcome::Refused(words) => rule_behind(engine, words) == Rule::Credentials,
            Outcome::Answered(_) => false,
        })
        .last()
        .map(|sample| sample.at)
}

/// For how long the instance that answered last has been answering without pause, by our own clock.
fn seen_for(samples: &[Sample]) -> Duration {
    let mut answers = samples.iter().rev().map_while(|sample| match &sample.outcome {
        Outcome::Answered(answer) => Some((sample.at, answer)),
        Outcome::Refused(_) => None,
    });
    let Some((until, mut later)) = answers.next() else { return Duration::ZERO };
    let mut since = until;
    for (at, earlier) in answers {
        if !Answer::is_same_instance(earlier, later) {
            break;
        }
        (since, later) = (at, earlier);
    }
    until.saturating_sub(since)
}

#[cfg(test)]
mod tests {
    use simulator_core::Timestamp;

    use super::*;

    fn wanted(engine: Engine) -> Wanted {
        Wanted { engine, user: "news".to_owned(), database: "news".to_owned(), alias: "database".to_owned() }
    }

    fn answer(started: u64, up: u64) -> Answer {
        Answer {
            one: true,
            database: "news".to_owned(),
            client: "172.18.0.3".to_owned(),
            started: Timestamp::from_millis(started),
            tolerance: Duration::ZERO,
            up: Duration::from_millis(up),
            listening: Some("*:5432".to_owned()),
        }
    }

    fn answered(at: u64, answer: Answer) -> Sample {
        Sample { at: Duration::from_millis(at), outcome: Outcome::Answered(answer) }
    }

    fn refused(at: u64, words: &str) -> Sample {
        Sample { at: Duration::from_millis(at), outcome: Outcome::Refused(words.to_owned()) }
    }

    /// The rule that is missing, or `None` if the database is ready.
    fn missing(engine: Engine, samples: &[Sample]) -> Option<Rule> {
        match judge(&wanted(engine), samples) {
            Judgement::Ready(evidence) => {
                let rules: Vec<Rule> = evidence.iter().map(|entry| entry.rule).collect();
                assert_eq!(rules, [Rule::Tcp, Rule::Credentials, Rule::SameInstance, Rule::NotTemporary]);
                None
            }
            Judgement::NotYet(shortfall) | Judgement::Never(shortfall) => Some(shortfall.rule),
        }
    }

    #[test]
    fn a_server_that_has_been_up_for_two_seconds_at_first_sight_is_ready_at_once() {
        assert_eq!(missing(Engine::Postgres, &[answered(100, answer(0, 2000))]), None);
        assert_eq!(missing(Engine::Postgres, &[answered(100, answer(0, 1999))]), Some(Rule::SameInstance));
    }

    #[test]
    fn two_seconds_of_answers_count_as_much_as_the_servers_own_word() {
        let samples =
            [answered(1000, answer(900, 0)), answered(2000, answer(900, 0)), answered(3000, answer(900, 1000))];
        assert_eq!(missing(Engine::MySql, &samples), None);
        assert_eq!(missing(Engine::MySql, &samples[..2]), Some(Rule::SameInstance));
    }

    #[test]
    fn another_instance_or_a_pause_starts_the_two_seconds_again() {
        let restarted =
            [answered(1000, answer(900, 0)), answered(2000, answer(1950, 0)), answered(3100, answer(1950, 1150))];
        assert_eq!(missing(Engine::Postgres, &restarted), Some(Rule::SameInstance));
        let paused =
            [answered(1000, answer(900, 0)), refused(2000, "connection refused"), answered(3100, answer(900, 0))];
        assert_eq!(missing(Engine::Postgres, &paused), Some(Rule::SameInstance));
    }

    #[test]
    fn the_temporary_server_is_never_ready() {
        let temporary = Answer { listening: None, ..answer(0, 60_000) };
        assert_eq!(missing(Engine::Postgres, &[answered(60_000, temporary)]), Some(Rule::NotTemporary));
    }

    #[test]
    fn an_answer_over_a_socket_or_from_another_database_does_not_count() {
        let socket = Answer { client: String::new(), ..answer(0, 60_000) };
        assert_eq!(missing(Engine::Postgres, &[answered(1, socket)]), Some(Rule::Tcp));
        let elsewhere = Answer { database: "postgres".to_owned(), ..answer(0, 60_000) };
        assert_eq!(missing(Engine::Postgres, &[answered(1, elsewhere)]), Some(Rule::Credentials));
    }

    #[test]
    fn refusals_are_told_apart() {
        let cases = [
            (Engine::Postgres, "connection to server failed: Connection refused", Rule::Tcp),
            (Engine::Postgres, "FATAL:  the database system is starting up", Rule::Tcp),
            (Engine::Postgres, "FATAL:  password authentication failed for user \"news\"", Rule::Credentials),
            (Engine::Postgres, "FATAL:  database \"news\" does not exist", Rule::Credentials),
            (Engine::MySql, "ERROR 2003 (HY000): Can't connect to MySQL server on 'database:3306' (111)", Rule::Tcp),
            (Engine::MySql, "ERROR 1045 (28000): Access denied for user 'news'@'172.18.0.3'", Rule::Credentials),
            (Engine::MariaDb, "ERROR 1049 (42000): Unknown database 'news'", Rule::Credentials),
        ];
        for (engine, words, rule) in cases {
            assert_eq!(missing(engine, &[refused(1, words)]), Some(rule), "{words}");
        }
        assert_eq!(missing(Engine::Postgres, &[]), Some(Rule::Tcp));
    }

    #[test]
    fn credentials_refused_for_three_seconds_on_end_are_refused_for_good() {
        let words = "ERROR 1045 (28000): Access denied";
        let samples = [refused(1000, words), refused(2500, words), refused(4000, words)];
        assert!(matches!(judge(&wanted(Engine::MySql), &samples), Judgement::Never(_)));
        let interrupted = [refused(1000, words), refused(2500, "ERROR 2003"), refused(4000, words)];
        assert!(matches!(judge(&wanted(Engine::MySql), &interrupted), Judgement::NotYet(_)));
    }
}
