//! The program itself: how it announces itself and how it ends.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use provider_simulator::{Simulator, SimulatorOptions};
use serde_json::Value;

use crate::client;

#[tokio::test(flavor = "multi_thread")]
async fn it_announces_its_address_and_ends_with_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let port_file = folder.path().join("port");
    let mut child = Command::new(env!("CARGO_BIN_EXE_provider-simulator"))
        .args(["--until-stdin-closes", "--strict", "--token", "right"])
        .args(["--clock", "2026-03-01T10:00:00Z", "--port-file"])
        .arg(&port_file)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let announced: Value = serde_json::from_str(&line).unwrap();
    let base_url = announced["base_url"].as_str().unwrap();
    let port = std::fs::read_to_string(port_file).unwrap();
    assert!(base_url.ends_with(&format!(":{}", port.trim_end())));

    let account = client().get(format!("{base_url}/square/v2/loyalty/accounts/acc-1"));
    let (bare, wrong, right) = (account.try_clone().unwrap(), account.try_clone().unwrap(), account);
    assert_eq!(bare.send().await.unwrap().status(), 401);
    assert_eq!(wrong.bearer_auth("wrong").send().await.unwrap().status(), 401);
    assert_eq!(right.bearer_auth("right").send().await.unwrap().status(), 404);
    let clock = client().get(format!("{base_url}/control/clock")).send().await.unwrap();
    assert_eq!(clock.text().await.unwrap(), r#"{"now":"2026-03-01T10:00:00Z"}"#);
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}

#[tokio::test]
async fn a_stopped_simulator_no_longer_listens() {
    let simulator = Simulator::start(SimulatorOptions::default()).await.unwrap();
    let counts = format!("{}/control/counts", simulator.base_url());
    let client = client();
    assert_eq!(client.get(&counts).send().await.unwrap().status(), 200);
    simulator.stop().await;
    // Another client: the first may still hold a connection that was open.
    let client = self::client();
    assert!(client.get(&counts).send().await.unwrap_err().is_connect());
}
