//! What is looked after, and what the manifest offers. Square's subscription is tested where it lives.

use omnihub_plugin::host::http::{HttpError, Request, Response};
use omnihub_plugin::{Auth, Connector, Failure, Signature, Standing, Wanted};

use super::Loyalty;
use super::poll::{response, settings};
use crate::settings::Settings;
use crate::subscription::check;
use crate::voucherify::request;

fn wanted() -> Wanted {
    Wanted { callback: "https://hub.example.com/hooks/points".into(), repair: true }
}

#[test]
fn squares_topics_are_looked_after() {
    let mut outside = |_: &str, _: &Request| -> Result<Response, HttpError> { Ok(response(200, "{}")) };
    let told = check(&wanted(), &settings("square"), &mut outside).unwrap();
    assert_eq!((told.len(), told[0].standing), (7, Standing::Broken));
}

#[test]
fn of_voucherifys_webhooks_nothing_is_claimed() {
    let mut outside = |_: &str, _: &Request| -> Result<Response, HttpError> { panic!("called out") };
    let told = check(&wanted(), &settings("voucherify"), &mut outside);
    assert!(matches!(told, Err(Failure::Unsupported(_))));
}

#[test]
fn voucherifys_application_goes_beside_the_token_of_the_host() {
    let asked = request(
        &settings("voucherify"),
        omnihub_plugin::host::http::Method::Get,
        "/v1/loyalties/x".into(),
        None,
    );
    let headers = asked.unwrap().headers;
    assert_eq!((headers[0].name.as_str(), headers[0].value.as_str()), ("x-app-id", "app-1"));
    let endpoint = Loyalty::describe().endpoints.remove(1);
    assert_eq!(endpoint.auth, Auth::Header(("X-App-Token".into(), "voucherify_api_token".into())));
    assert!(endpoint.rate.is_some());
}

#[test]
fn both_alternatives_are_declared_and_neither_is_forced() {
    let manifest = Loyalty::describe();
    let Signature::Hmac(hmac) = &manifest.webhooks[1].signature else { panic!() };
    assert_eq!((hmac.headers[0].as_str(), hmac.or_minified), ("x-voucherify-signature", true));
    assert!(manifest.settings.iter().all(|setting| !setting.required));
    let read = Settings::read(|key| (key == "source").then(|| "points".into()));
    assert!(matches!(read, Err(Failure::Misconfigured(why)) if why.starts_with("source")));
}
