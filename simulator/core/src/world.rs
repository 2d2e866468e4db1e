//! The World: the simulated account and all its state.

use crate::arn::{AccountId, Arn, Region};
use crate::effect::Effect;
use crate::event::{Event, EventKind, Sequence};
use crate::id::IdStream;
use crate::observation::Observation;
use crate::operation::{Caller, Operation, Principal};
use crate::refusal::Refusal;
use crate::time::Timestamp;
use crate::timing::Timing;
use crate::{ec2, ecr, ecs, elb, iam, logs, s3, secrets, ssm};

/// What a World starts from.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The account.
    pub account: AccountId,
    /// The one Region that is simulated.
    pub region: Region,
    /// Seed of every identifier and generated secret.
    pub seed: u64,
    /// AWS's delays.
    pub timing: Timing,
    /// When the account comes into being.
    pub now: Timestamp,
}

/// Where a World is: what of it never changes, so that calls can be read and answers written without it.
#[derive(Clone, Debug)]
pub struct Home {
    account: AccountId,
    region: Region,
}

impl Home {
    /// The account that is simulated.
    #[must_use]
    pub const fn account(&self) -> &AccountId {
        &self.account
    }

    /// The Region that is simulated.
    #[must_use]
    pub const fn region(&self) -> &Region {
        &self.region
    }
}

/// The simulated account.
#[derive(Clone, Debug)]
pub struct World {
    pub(crate) account: AccountId,
    pub(crate) region: Region,
    pub(crate) timing: Timing,
    pub(crate) now: Timestamp,
    pub(crate) ids: IdStream,
    pub(crate) iam: iam::State,
    /// What other services see of IAM still.
    pub(crate) iam_past: iam::Past,
    pub(crate) ecr: ecr::State,
    pub(crate) ec2: ec2::State,
    pub(crate) elb: elb::State,
    pub(crate) logs: logs::State,
    pub(crate) s3: s3::State,
    pub(crate) secrets: secrets::State,
    pub(crate) ssm: ssm::State,
    pub(crate) ecs: ecs::State,
    /// Where the registry is, if not at AWS's host name.
    pub(crate) registry: Option<String>,
    pub(crate) created: Timestamp,
    effects: Vec<Effect>,
    events: Vec<Event>,
    /// How many entries of the trace were let go: those before the first of `events`.
    forgotten: u64,
    cause: Option<Sequence>,
    throttled_until: Option<Timestamp>,
    /// What was asked for, if that is kept.
    pub(crate) asked: Option<iam::Ledger>,
}

impl World {
    /// An account as a first-time user finds it: a default VPC, no principals but root.
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        let Setup { account, region, seed, timing, now } = setup;
        let mut ids = IdStream::new(seed);
        let ec2 = ec2::State::first_time(&mut ids, &account, &region);
        Self {
            account,
            region,
            timing,
            now,
            ids,
            iam: iam::State::default(),
            iam_past: iam::Past::default(),
            ecr: ecr::State::default(),
            ec2,
            elb: elb::State::default(),
            logs: logs::State::default(),
            s3: s3::State::default(),
            secrets: secrets::State::default(),
            ssm: ssm::State::default(),
            ecs: ecs::State::default(),
            registry: None,
            created: now,
            effects: Vec::new(),
            events: Vec::new(),
            forgotten: 0,
            cause: None,
            throttled_until: None,
            asked: None,
        }
    }

    /// The same with its registry at `host`, such as `127.0.0.1:4566`, which repository URIs and authorization tokens then name: for
    /// clients that really push. Images under AWS's own host name are in it, too.
    #[must_use]
    pub fn with_registry_at(mut self, host: &str) -> Self {
        self.registry = Some(host.to_owned());
        self
    }

    /// The account that is simulated.
    #[must_use]
    pub const fn account(&self) -> &AccountId {
        &self.account
    }

    /// The Region that is simulated.
    #[must_use]
    pub const fn region(&self) -> &Region {
        &self.region
    }

    /// Both, apart from the World.
    #[must_use]
    pub fn home(&self) -> Home {
        Home { account: self.account.clone(), region: self.region.clone() }
    }

    /// The account's root user, who owns it and is allowed everything.
    #[must_use]
    pub fn root(&self) -> Caller {
        Caller {
            account: self.account.clone(),
            arn: Arn::global("iam", &self.account, "root"),
            principal: Principal::Root,
            access_key: None,
        }
    }

    /// Whoever calls without a signature, as `sts:AssumeRoleWithWebIdentity` is called. The ARN is ours, for the trace: AWS has none.
    #[must_use]
    pub fn anonymous(&self) -> Caller {
        Caller {
            account: self.account.clone(),
            arn: Arn::global("iam", &self.account, "anonymous"),
            principal: Principal::Anonymous,
            access_key: None,
        }
    }

    /// One API call, already decoded and authenticated.
    ///
    /// # Errors
    /// IAM's denial, or the service's own refusal.
    pub fn call<O: Operation>(&mut self, now: Timestamp, caller: &Caller, operation: O) -> Result<O::Output, Refusal> {
        self.advance(now);
        let caller_arn = caller.arn.clone();
        self.cause = None;
        // The call's own entry stands before whatever it causes.
        let called = self.record(EventKind::Called { caller: caller_arn, operation: O::NAME, refusal: None });
        self.cause = Some(called);
        let throttled = O::NAME.starts_with("ecs:") && self.throttled_until.is_some_and(|until| now < until);
        let answer = if throttled { Err(Refusal::throttled()) } else { self.pass(caller, operation) };
        if let Some(key) = &caller.access_key {
            let Self { iam, region, now, .. } = self;
            iam.note_key_use(key, O::NAME, &region.to_string(), *now);
        }
        if let Err(refusal) = &answer {
            self.amend_refusal(called, refusal);
        }
        self.settle();
        self.cause = None;
        answer
    }

    /// The account as it is now, to be carried on by itself and with other delays: what happens in one is not seen in the other.
    /// Random names go on from `seed`.
    #[must_use]
    pub fn branch(&self, seed: u64, timing: Timing) -> Self {
        Self { ids: IdStream::new(seed), timing, ..self.clone() }
    }

    /// A call by `caller` that was refused before it became an operation, because its input could not be read.
    pub fn refuse(&mut self, now: Timestamp, caller: &Caller, operation: &'static str, refusal: &Refusal) {
        self.advance(now);
        self.record(EventKind::Called {
            caller: caller.arn.clone(),
            operation,
            refusal: Some(Box::new(refusal.clone())),
        });
    }

    /// Somebody asked for `what`, which no operation stands for.
    pub fn not_simulated(&mut self, now: Timestamp, what: String) {
        self.advance(now);
        self.record(EventKind::NotSimulated { what });
    }

    /// Has ECS refuse every call until `until`, as it does where somebody else in the account calls too often (`facts/aws.md` has no
    /// figures of its rates; so this is for whoever wants to see what happens then).
    pub const fn throttle(&mut self, until: Timestamp) {
        self.throttled_until = Some(until);
    }

    /// A fact from a driver.
    pub fn observe(&mut self, now: Timestamp, observation: Observation) {
        self.advance(now);
        ecs::observe(self, observation);
        self.settle();
        self.cause = None;
    }

    /// A deadline has come.
    pub fn tick(&mut self, now: Timestamp) {
        self.advance(now);
        self.settle();
        self.cause = None;
    }

    /// When the World next wants to be woken by [`World::tick`], if nothing else happens.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        [ecs::next_deadline(self), self.iam_settles_at(), ecr::next_deadline(self)].into_iter().flatten().min()
    }

    /// What the World wants done, in order. Each effect is handed out once.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.swap_effects(&mut effects);
        effects
    }

    /// Whether there may be something that it wants done.
    #[must_use]
    pub fn wants_something(&self) -> bool {
        !self.effects.is_empty() || elb::is_stale(self)
    }

    /// As [`World::take_effects`], into `effects`, which is empty: the room that it has serves for what is wanted next.
    pub(crate) fn swap_effects(&mut self, effects: &mut Vec<Effect>) {
        elb::reroute_stale(self);
        std::mem::swap(&mut self.effects, effects);
    }

    /// The trace so far, without what was let go.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// What of the trace is after its entry `sequence`, without what was let go.
    #[must_use]
    pub fn events_after(&self, sequence: u64) -> &[Event] {
        let passed = usize::try_from(sequence.saturating_sub(self.forgotten)).unwrap_or(usize::MAX);
        self.events.get(passed..).unwrap_or_default()
    }

    /// How many random numbers have been drawn. Two Worlds that were told the same have drawn as many: where they have not, they are of
    /// different releases.
    #[must_use]
    pub fn drawn(&self) -> u64 {
        self.ids.drawn()
    }

    /// Lets the oldest entries of the trace go, until `kept` are left: for accounts that live long.
    pub fn forget_events(&mut self, kept: usize) {
        let forgotten = self.events.len().saturating_sub(kept);
        self.events.drain(..forgotten);
        self.forgotten += forgotten as u64;
    }

    /// The present time of the World: the latest that any input brought.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Writes `kind` into the trace, as a consequence of the present cause, and answers its sequence number.
    pub(crate) fn record(&mut self, kind: EventKind) -> Sequence {
        let entries = u32::try_from(self.forgotten + self.events.len() as u64).expect("a trace is shorter than that");
        let sequence = Sequence::MIN.saturating_add(entries);
        self.events.push(Event { sequence, at: self.now, cause: self.cause, kind });
        sequence
    }

    /// The entry of the trace that what is recorded now follows from.
    pub(crate) const fn cause(&self) -> Option<Sequence> {
        self.cause
    }

    /// What is recorded from now on follows from the entry `cause`, until the next input or the next call of this.
    pub(crate) const fn follow(&mut self, cause: Option<Sequence>) {
        self.cause = cause;
    }

    /// Asks for `effect`.
    pub(crate) fn want(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// Time never runs backwards: an input that is late by the clock of its sender happens now.
    fn advance(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
    }

    /// Lets every state machine take the steps that are due at the present time.
    fn settle(&mut self) {
        self.forget_settled_iam();
        ecr::settle(self);
        ecs::settle(self);
    }

    fn amend_refusal(&mut self, sequence: Sequence, because: &Refusal) {
        let index = usize::try_from(u64::from(sequence.get()) - self.forgotten - 1).expect("a trace fits memory");
        if let EventKind::Called { refusal, .. } = &mut self.events[index].kind {
            *refusal = Some(Box::new(because.clone()));
        }
    }
}
