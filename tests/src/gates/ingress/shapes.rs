//! Bodies of every shape, signed as they should be, sent to a whole hub: `shapes.txt`.

use std::time::Duration;

use anyhow::{Context as _, bail};
use futures_util::future::join_all;
use hub_gates::Report;

use crate::support::connections::{self, Connection};
use crate::support::delivery::{Outgoing, Signer};
use crate::support::stage::{Stage, StageOptions};

const SHAPES: &str = include_str!("shapes.txt");
/// What a connector cannot read is tried again after seconds; a hub that works is done with all of it by then.
const DONE_WITHIN: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(100);

struct Shape {
    /// Of `shapes.txt`.
    line: usize,
    body: Vec<u8>,
}

fn all() -> anyhow::Result<Vec<Shape>> {
    let lines = SHAPES.lines().zip(1..).filter(|(text, _)| !text.is_empty() && !text.starts_with("# "));
    lines
        .map(|(text, line)| {
            Ok(Shape { line, body: body(text).with_context(|| format!("shapes.txt:{line}"))? })
        })
        .collect()
}

fn body(text: &str) -> anyhow::Result<Vec<u8>> {
    let Some(repeated) = text.strip_prefix("repeat ") else { return bytes(text) };
    let (count, parts) = repeated.split_once(' ').context("a number and parts are expected")?;
    let parts: Vec<Vec<u8>> = parts.split(" |").map(|part| bytes(part.trim())).collect::<Result<_, _>>()?;
    let part = |at: usize| parts.get(at).map(Vec::as_slice).unwrap_or_default();
    let count: usize = count.parse()?;
    Ok([part(0).repeat(count), part(1).to_vec(), part(2).repeat(count)].concat())
}

fn bytes(text: &str) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((before, escape)) = rest.split_once('\\') {
        bytes.extend_from_slice(before.as_bytes());
        let (byte, length) = match escape.as_bytes() {
            [b'n', ..] => (b'\n', 1),
            [b'r', ..] => (b'\r', 1),
            [b't', ..] => (b'\t', 1),
            [b'\\', ..] => (b'\\', 1),
            [b'x', ..] => (u8::from_str_radix(escape.get(1..3).context("two digits are expected")?, 16)?, 3),
            _ => bail!("\\{escape} stands for nothing"),
        };
        bytes.push(byte);
        rest = escape.get(length..).unwrap_or_default();
    }
    bytes.extend_from_slice(rest.as_bytes());
    Ok(bytes)
}

/// Delivers each to every connection.
///
/// # Errors
/// The hub does not start, or cannot be asked.
pub(super) async fn try_all(report: &mut Report) -> anyhow::Result<()> {
    let shapes = all()?;
    let options = StageOptions { changes: connections::left_alone(), ..StageOptions::default() };
    let mut stage = Stage::set(options).await?;
    let delivered = connections::all().iter().map(|connection| deliver(&stage, connection, &shapes));
    let mut taken = 0;
    for outcome in join_all(delivered).await {
        let (accepted, failures) = outcome?;
        taken += accepted;
        report.failures.extend(failures);
    }
    report.figure("shapes of bodies, sent to each connection", shapes.len() as u64);
    report.figure("of them taken", taken);
    let left = done(&stage).await?;
    if left > 0 {
        report.failures.push(format!("{left} deliveries are not done with after {DONE_WITHIN:?}"));
    }
    let ready = stage.admin()?.readiness().await?;
    if !ready.ready {
        report.failures.push(format!("the hub is not ready afterwards: {:?}", ready.problems));
    }
    let log = std::fs::read_to_string(&stage.files().log)?;
    for line in log.lines().filter(|line| line.contains("panicked")) {
        report.failures.push(format!("the log tells of a panic: {line}"));
    }
    stage.stop().await
}

async fn deliver(
    stage: &Stage,
    connection: &Connection,
    shapes: &[Shape],
) -> anyhow::Result<(u64, Vec<String>)> {
    let sender = stage.sender()?;
    let mut taken = 0;
    let mut failures = Vec::new();
    for Shape { line, body } in shapes {
        let delivery = Outgoing {
            connection: connection.name.to_owned(),
            id: format!("shape-{line}"),
            topic: Some("orders/create".to_owned()),
            headers: Vec::new(),
            body: body.clone(),
        };
        match sender.deliver(&delivery, Signer::Provider).await {
            Ok(status) if status < 500 => taken += u64::from(status == 200),
            Ok(status) => failures.push(format!("shapes.txt:{line}: {} answers {status}", connection.name)),
            Err(error) => failures.push(format!("shapes.txt:{line}: {}: {error:#}", connection.name)),
        }
    }
    Ok((taken, failures))
}

/// Waits until nothing is left to do, and says what is.
async fn done(stage: &Stage) -> anyhow::Result<u64> {
    let begin = std::time::Instant::now();
    loop {
        let backlog = stage.admin()?.status().await?.backlog;
        if backlog == 0 || begin.elapsed() > DONE_WITHIN {
            return Ok(backlog);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
