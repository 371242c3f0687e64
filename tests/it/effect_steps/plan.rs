//! What happens in a run, drawn from its seed alone.

use std::fmt;
use std::time::Duration;

use hub_rules::Grade;
use hub_tests::day::dice::Dice;
use provider_simulator::{Fault, Outcome};

use super::deed::{DEEDS, Deed};

/// A step of an effect's life, at which the hub crashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    /// Planned, and nobody has taken it up.
    Planned,
    /// The attempt is journalled, and nobody has taken the request.
    Attempted,
    /// The request has left and does not arrive.
    Sent,
    /// The provider has done it, and its answer does not come.
    Done,
    /// The answer has come and is judged, and there is no receipt in the journal.
    Answered,
    /// The receipt is journalled, and the view does not have it.
    Receipted,
    /// It waits as long as the provider asked for.
    Waiting,
    /// A person has to look: the provider refused it, or nobody knows whether it happened.
    Parked,
    /// It waits for a person's word.
    Held,
    /// The word is journalled, and the view does not have it.
    Released,
}

const STEPS: [Step; 10] = [
    Step::Planned,
    Step::Attempted,
    Step::Sent,
    Step::Done,
    Step::Answered,
    Step::Receipted,
    Step::Waiting,
    Step::Parked,
    Step::Held,
    Step::Released,
];

/// The steps at which it has begun to happen and nothing says how it ended.
pub(crate) const UNDER_WAY: [Step; 4] = [Step::Attempted, Step::Sent, Step::Done, Step::Answered];

/// Steps the recovery may get to as well.
const AGAIN: [Step; 6] =
    [Step::Planned, Step::Attempted, Step::Sent, Step::Done, Step::Answered, Step::Receipted];

/// What goes wrong at the provider, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// 429 with `Retry-After`.
    TooMany,
    /// 500, and nothing is done.
    Broken,
    /// The connection is dropped before anything is done.
    Dropped,
    /// It is done, and the connection is dropped instead of an answer.
    AnswerLost,
    /// It is done, and the answer is 500 all the same.
    DoneAndBroken,
    /// It is done, and the answer comes too late.
    TooLate,
    /// It is refused for good.
    Refused,
}

const TROUBLES: [Trouble; 6] = [
    Trouble::TooMany,
    Trouble::Broken,
    Trouble::Dropped,
    Trouble::AnswerLost,
    Trouble::DoneAndBroken,
    Trouble::TooLate,
];

/// Of these nobody can tell whether it was done.
const DOUBTFUL: [Trouble; 5] =
    [Trouble::Broken, Trouble::Dropped, Trouble::AnswerLost, Trouble::DoneAndBroken, Trouble::TooLate];

/// Later than [`PATIENCE_SHORT`].
const TOO_LATE: Duration = Duration::from_millis(1_500);
/// How long the hub waits for an answer where one comes too late, and where none does: long enough for any machine.
const PATIENCE_SHORT: Duration = Duration::from_millis(500);
const PATIENCE: Duration = Duration::from_secs(20);

impl Trouble {
    pub(crate) fn fault(self) -> Fault {
        let fault = match self {
            Self::TooMany => Outcome::Status { status: 429, retry_after: Some("2".to_owned()) },
            Self::Broken => Outcome::Status { status: 500, retry_after: None },
            Self::Dropped => Outcome::ConnectionReset,
            Self::AnswerLost => Outcome::AnswerLost,
            Self::DoneAndBroken => Outcome::StatusAfterActing { status: 500, retry_after: None },
            Self::TooLate => Outcome::Answered,
            Self::Refused => Outcome::Status { status: 422, retry_after: None },
        };
        let delay_after_ms = match self {
            Self::TooLate => u64::try_from(TOO_LATE.as_millis()).unwrap(),
            _ => 0,
        };
        Fault { delay_after_ms, ..Fault::new(fault) }
    }

    pub(crate) fn is_doubtful(self) -> bool {
        DOUBTFUL.contains(&self)
    }

    pub(crate) fn patience(trouble: Option<Self>) -> Duration {
        match trouble {
            Some(Self::TooLate) => PATIENCE_SHORT,
            _ => PATIENCE,
        }
    }
}

/// A run.
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) deed: &'static Deed,
    pub(crate) step: Step,
    /// The exchange of the attempt at which it is stopped.
    pub(crate) exchange: u64,
    /// What the first request meets.
    pub(crate) before: Option<Trouble>,
    /// Where the recovery crashes, if it gets there.
    pub(crate) again: Option<Step>,
    /// What the first request after the crash meets.
    pub(crate) after: Option<Trouble>,
    /// The view's file goes with the crash: what a machine that loses power may do to it.
    pub(crate) is_view_lost: bool,
}

impl Plan {
    /// Seeds that follow each other go through all actions and steps.
    pub(crate) fn drawn(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let deeds = DEEDS.len() as u64;
        let deed = DEEDS.get(usize::try_from(seed % deeds).unwrap()).unwrap();
        let step = *STEPS.get(usize::try_from(seed / deeds % STEPS.len() as u64).unwrap()).unwrap();
        let half = |dice: &mut Dice| dice.percent(50);
        let exchange = match step {
            // It is the whole attempt that has ended.
            Step::Answered => deed.exchanges - 1,
            _ => dice.below(deed.exchanges),
        };
        let trouble = half(&mut dice).then(|| one_of(&mut dice, &TROUBLES));
        let before = match (step, deed.grade) {
            (Step::Waiting, _) => Some(Trouble::TooMany),
            (Step::Parked, Grade::Unsafe) => Some(one_of(&mut dice, &DOUBTFUL)),
            (Step::Parked, _) => Some(Trouble::Refused),
            (Step::Planned | Step::Held | Step::Released, _) => None,
            // It ends by the first of the others.
            (_, Grade::Unsafe) => trouble.map(|_| Trouble::TooMany),
            _ => trouble,
        };
        let again = half(&mut dice).then(|| one_of(&mut dice, &AGAIN));
        let after = half(&mut dice).then(|| one_of(&mut dice, &TROUBLES));
        let is_view_lost = dice.percent(25);
        Self { seed, deed, step, exchange, before, again, after, is_view_lost }
    }
}

fn one_of<T: Copy>(dice: &mut Dice, all: &[T]) -> T {
    *all.get(usize::try_from(dice.below(all.len() as u64)).unwrap()).unwrap()
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, deed, step, exchange, before, again, after, is_view_lost } = self;
        write!(
            f,
            "HUB_SEED={seed} HUB_CRASH_RUNS=1: {} ({:?}) crashes at {step:?} of exchange {exchange} after {before:?}, \
             again at {again:?} after {after:?}; view lost: {is_view_lost}",
            deed.name, deed.grade
        )
    }
}
