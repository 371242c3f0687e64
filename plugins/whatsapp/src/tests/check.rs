//! Looking at the subscription, and repairing it.

use omnihub_plugin::meta::scripted::{Scripted, answer};
use omnihub_plugin::{Failure, Standing, Subscribed, Wanted};

use crate::api::Api;
use crate::check::check;

const CALLBACK: &str = "https://hub.example.com/hooks/whatsapp";

fn api() -> Api {
    Api {
        version: "v25.0".into(),
        phone_number_id: None,
        business_account_id: Some("300000000000001".into()),
    }
}

/// How it stands, and how many requests it took to know.
fn look(repair: bool, script: Vec<(u16, &str)>) -> (Subscribed, usize) {
    let mut graph = Scripted::new(script.into_iter().map(|(status, body)| answer(status, body)));
    let mut all = check(&Wanted { callback: CALLBACK.into(), repair }, &api(), &mut graph).unwrap();
    assert_eq!((all.len(), graph.asked[0].path.as_str()), (1, "/v25.0/300000000000001/subscribed_apps"));
    (all.remove(0), graph.asked.len())
}

fn standing(repair: bool, script: Vec<(u16, &str)>) -> (Standing, usize) {
    let (subscribed, requests) = look(repair, script);
    assert_eq!(subscribed.detail.is_some(), subscribed.standing == Standing::Broken);
    (subscribed.standing, requests)
}

#[test]
fn an_app_that_is_subscribed_is_left_alone() {
    let app = r#"{"data": [{"whatsapp_business_api_data": {"id": "1", "name": "Hub"}}]}"#;
    assert_eq!(standing(true, vec![(200, app)]), (Standing::Active, 1));
    let ours = format!(r#"{{"data": [{{"override_callback_uri": "{CALLBACK}"}}]}}"#);
    assert_eq!(standing(true, vec![(200, &ours)]), (Standing::Active, 1));
}

#[test]
fn an_account_without_an_app_gets_one_when_that_is_wanted() {
    let none = (200, r#"{"data": []}"#);
    assert_eq!(standing(true, vec![none, (200, r#"{"success": true}"#)]), (Standing::Repaired, 2));
    assert_eq!(standing(false, vec![none]), (Standing::Broken, 1));
    assert_eq!(standing(true, vec![none, (400, r#"{"error": {"code": 100}}"#)]), (Standing::Broken, 2));
}

#[test]
fn deliveries_that_go_elsewhere_are_for_a_person_to_see() {
    let elsewhere = r#"{"data": [{"override_callback_uri": "https://other.example.com/"}]}"#;
    let (subscribed, requests) = look(true, vec![(200, elsewhere)]);
    assert_eq!((subscribed.standing, requests), (Standing::Broken, 1));
    assert!(!subscribed.detail.unwrap().contains("other.example.com"));
}

#[test]
fn what_cannot_be_seen_is_looked_at_again() {
    let failure = |api: &Api, status, body: &str| {
        let wanted = Wanted { callback: CALLBACK.into(), repair: true };
        check(&wanted, api, &mut Scripted::new([answer(status, body)])).unwrap_err()
    };
    assert!(matches!(failure(&api(), 200, "<html>"), Failure::RetryAfterMs(_)));
    assert!(matches!(failure(&api(), 503, ""), Failure::RetryAfterMs(_)));
    let unnamed = Api { business_account_id: None, ..api() };
    assert!(matches!(failure(&unnamed, 200, "{}"), Failure::Unsupported(_)));
    let elsewhere = Api { business_account_id: Some("1/2".into()), ..api() };
    assert_eq!(failure(&elsewhere, 200, "{}"), Failure::Misconfigured("business_account_id".into()));
}
