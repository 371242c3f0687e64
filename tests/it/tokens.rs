//! Tokens of a hub that runs: they and what was revoked outlive a crash, and whoever has the data needs none.

use hub_tests::support::http_client;
use hub_tests::support::stage::{Stage, StageOptions};
use reqwest::{Method, StatusCode};
use serde_json::Value;

/// What a request is answered, with a token or without.
async fn asked(stage: &Stage, token: Option<&str>, method: Method, path: &str) -> (StatusCode, Value) {
    let base = &stage.hub().unwrap().addresses().admin;
    let mut request = http_client().unwrap().request(method, format!("{base}/v1/{path}"));
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let answer = request.send().await.unwrap();
    let status = answer.status();
    (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default())
}

async fn status(stage: &Stage, token: Option<&str>) -> StatusCode {
    asked(stage, token, Method::GET, "status").await.0
}

/// What the command line prints, as JSON.
async fn printed(stage: &Stage, words: &[&str]) -> Value {
    let output = stage.files().command(words).await.unwrap();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn text<'a>(json: &'a Value, field: &str) -> &'a str {
    json.get(field).and_then(Value::as_str).unwrap_or_else(|| panic!("{field} of {json}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_stays_refused_over_a_crash_and_whoever_has_the_data_needs_none() {
    let mut stage = Stage::set(StageOptions::default()).await.unwrap();
    assert_eq!(status(&stage, None).await, StatusCode::OK, "loopback, and no token yet");
    let admin = stage.hub().unwrap().addresses().admin.clone();
    let words = ["token", "create", "--scope", "all", "--name", "ana", "--json", "--admin", &admin];
    let made = printed(&stage, &words).await;
    let ana = Some(text(&made, "token"));
    assert_eq!(
        (status(&stage, None).await, status(&stage, ana).await),
        (StatusCode::UNAUTHORIZED, StatusCode::OK)
    );

    let (created, made) = asked(&stage, ana, Method::POST, "tokens?scopes=read&name=grafana").await;
    assert_eq!(created, StatusCode::CREATED, "{made}");
    let grafana = Some(text(&made, "token"));
    assert_eq!(status(&stage, grafana).await, StatusCode::OK);
    let (stopped, told) = asked(&stage, grafana, Method::POST, "effects/stop?reason=none").await;
    assert_eq!(stopped, StatusCode::FORBIDDEN, "{told}");
    let revoke = format!("tokens/{}/revoke?reason=found", text(&made, "id"));
    assert_eq!(asked(&stage, ana, Method::POST, &revoke).await.0, StatusCode::ACCEPTED);
    assert_eq!(status(&stage, grafana).await, StatusCode::UNAUTHORIZED, "at once");

    stage.kill().await.unwrap();
    stage.start_unchecked().await.unwrap();
    let answers = (status(&stage, None).await, status(&stage, grafana).await, status(&stage, ana).await);
    assert_eq!(answers, (StatusCode::UNAUTHORIZED, StatusCode::UNAUTHORIZED, StatusCode::OK));

    stage.stop().await.unwrap();
    let rescue = printed(&stage, &["token", "create", "--scope", "all", "--name", "rescue", "--json"]).await;
    let listed = printed(&stage, &["token", "list", "--json"]).await;
    let names: Vec<&str> = listed
        .pointer("/tokens")
        .unwrap()
        .as_array()
        .unwrap()
        .iter()
        .map(|token| text(token, "name"))
        .collect();
    assert_eq!(names, ["rescue", "ana"]);
    stage.start_unchecked().await.unwrap();
    assert_eq!(status(&stage, Some(text(&rescue, "token"))).await, StatusCode::OK);
    stage.stop().await.unwrap();
    assert_eq!(stage.verify_journal().await.unwrap(), Ok(()));
}
