//! Every request the README shows is one that control accepts, answered as it says.

use http::Method;
use jiff::Timestamp;
use provider_simulator::{Clock, Simulator, SimulatorOptions};
use serde_json::Value;

use crate::client;

const README: &str = include_str!("../../README.md");

/// A request line, a body, and the statuses of the answers shown below it.
struct Example {
    method: Method,
    path: String,
    body: String,
    statuses: Vec<u16>,
}

fn examples() -> Vec<Example> {
    let blocks = README.split("```").skip(1).step_by(2);
    blocks.filter_map(|block| example(block.trim_start())).collect()
}

fn example(block: &str) -> Option<Example> {
    let (request, shown) = block.split_once("\n\n").unwrap_or((block, ""));
    let (line, body) = request.split_once('\n').unwrap_or((request, ""));
    let (method, path) = line.split_once(" /control/")?;
    let status = |line: &str| line.split(' ').next().and_then(|status| status.parse().ok());
    Some(Example {
        method: method.parse().ok()?,
        path: format!("/control/{}", path.trim()),
        body: body.trim().to_owned(),
        statuses: shown.lines().filter_map(status).collect(),
    })
}

#[tokio::test]
async fn every_example_is_accepted() {
    let start: Timestamp = "2026-03-01T10:00:00Z".parse().unwrap();
    let options = SimulatorOptions { clock: Clock::stopped_at(start), ..SimulatorOptions::default() };
    let simulator = Simulator::start(options).await.unwrap();
    let examples = examples();
    assert!(examples.len() >= 10, "{} examples", examples.len());
    for Example { method, path, body, statuses } in examples {
        let url = format!("{}{path}", simulator.base_url());
        let answer = client().request(method, url).body(body.clone()).send().await.unwrap();
        let status = answer.status().as_u16();
        let said = answer.text().await.unwrap();
        let expected =
            if statuses.is_empty() { (200..300).contains(&status) } else { statuses.contains(&status) };
        assert!(expected, "{path} {body}: {status} {said}");
        assert!(said.is_empty() || serde_json::from_str::<Value>(&said).is_ok(), "{said}");
    }
}
