//! Sends what is to be sent, as providers would, and keeps book of the answers.

use std::collections::BTreeMap;

use futures_util::StreamExt as _;

use super::progress::Progress;
use super::story::{Scene, Step};
use crate::support::stage::Stage;

/// What was sent and answered.
#[derive(Clone, Debug, Default)]
pub struct Sent {
    pub deliveries: u64,
    /// Answers by status.
    pub answers: BTreeMap<u16, u64>,
    /// Deliveries that were not answered as they should have been.
    pub unexpected: Vec<String>,
}

/// Recordings under way at once: so many that the journal's syncs are shared, so few that any machine keeps up.
const TOGETHER: usize = 16;

/// Scene by scene, one delivery after the other; a scene begins when the one before is wholly done, as it would be with
/// days between them.
///
/// # Errors
/// The hub does not answer, or does not come to rest.
pub async fn story(stage: &Stage, scenes: &[Scene], progress: &Progress) -> anyhow::Result<Sent> {
    let (sender, admin) = (stage.sender()?, stage.admin()?);
    let mut sent = Sent::default();
    for scene in scenes {
        progress.say(scene.title);
        for step in &scene.steps {
            let status = sender.deliver(&step.delivery, step.signer).await?;
            sent.note(step, status);
            progress.one_more();
        }
        admin.quiet(|_| {}).await?;
    }
    Ok(sent)
}

/// Several at once, in no particular order.
///
/// # Errors
/// The hub does not answer, or does not come to rest.
pub async fn recordings(stage: &Stage, steps: &[Step], progress: &Progress) -> anyhow::Result<Sent> {
    let (sender, admin) = (stage.sender()?, stage.admin()?);
    let mut sent = Sent::default();
    let answers = futures_util::stream::iter(steps)
        .map(|step| {
            let sender = sender.clone();
            async move { (step, sender.deliver(&step.delivery, step.signer).await) }
        })
        .buffer_unordered(TOGETHER);
    let mut answers = std::pin::pin!(answers);
    while let Some((step, status)) = answers.next().await {
        sent.note(step, status?);
        progress.one_more();
    }
    progress.say("Waiting until all of it is processed");
    admin.quiet(|_| {}).await?;
    Ok(sent)
}

impl Sent {
    fn note(&mut self, step: &Step, status: u16) {
        self.deliveries += 1;
        *self.answers.entry(status).or_default() += 1;
        if status != step.expected_status {
            let Step { delivery, expected_status, .. } = step;
            self.unexpected.push(format!(
                "{} for {} was answered {status} instead of {expected_status}",
                delivery.id, delivery.connection
            ));
        }
    }

    /// Deliveries that were answered with this status.
    #[must_use]
    pub fn answered(&self, status: u16) -> u64 {
        self.answers.get(&status).copied().unwrap_or(0)
    }
}
