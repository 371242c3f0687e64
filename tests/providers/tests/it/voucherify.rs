//! Voucherify: cards, balances, transactions, and that nothing keeps a change from happening twice.

use http::StatusCode;
use provider_simulator::{Connection, Fault, Outcome, Provider, Scheme, SimulatorOptions, Unknown};
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use crate::{Play, answer, good};

const MEMBERS: &str = "/voucherify/v1/loyalties/camp_1/members";

fn keyed(request: RequestBuilder) -> RequestBuilder {
    request.header("x-app-id", "app").header("x-app-token", "t")
}

fn get(play: &Play, path: &str) -> RequestBuilder {
    keyed(play.client.get(play.url(path)))
}

fn post(play: &Play, path: &str, body: &Value) -> RequestBuilder {
    keyed(play.client.post(play.url(path)).json(body))
}

async fn join(play: &Play, code: &str) -> Value {
    let member = json!({ "customer": { "source_id": code }, "voucher": code });
    good(post(play, MEMBERS, &member)).await
}

fn balance(play: &Play, code: &str, points: i64, source_id: &str) -> RequestBuilder {
    let path = format!("/voucherify/v1/loyalties/members/{code}/balance");
    post(play, &path, &json!({ "points": points, "source_id": source_id, "reason": "r" }))
}

async fn transactions(play: &Play, code: &str, query: &str) -> Value {
    good(get(play, &format!("/voucherify/v1/loyalties/members/{code}/transactions?{query}"))).await
}

#[tokio::test]
async fn a_balance_is_the_sum_of_its_transactions_and_never_below_zero() {
    let play = Play::start().await;
    let card = join(&play, "C1").await;
    assert_eq!(good(balance(&play, "C1", 10, "a")).await["balance"], 10);
    let less = good(balance(&play, card["id"].as_str().unwrap(), -4, "b")).await;
    assert_eq!((&less["points"], &less["balance"], &less["total"]), (&json!(-4), &json!(6), &json!(10)));
    for points in [-7, 0] {
        let (status, refused) = answer(balance(&play, "C1", points, "c")).await;
        assert_eq!((status, &refused["key"]), (StatusCode::BAD_REQUEST, &json!("invalid_amount")));
    }
    let listed = transactions(&play, "C1", "limit=100&order=-id").await;
    let kinds: Vec<_> =
        listed["data"].as_array().unwrap().iter().map(|it| it["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["POINTS_REMOVAL", "POINTS_ADDITION"]);
    assert_eq!(listed["data"][0]["details"]["balance"], less);
    let shown = good(get(&play, "/voucherify/v1/loyalties/members/C1")).await;
    assert_eq!(shown["loyalty_card"], json!({ "points": 10, "balance": 6 }));
}

#[tokio::test]
async fn what_is_sent_twice_happens_twice_and_its_source_tells() {
    let play = Play::start().await;
    join(&play, "C1").await;
    play.simulator.control().inject(Fault::at(Provider::Voucherify, Outcome::AnswerLost)).unwrap();
    assert!(balance(&play, "C1", 5, "same").send().await.is_err());
    good(balance(&play, "C1", 5, "same")).await;
    let listed = transactions(&play, "C1", "").await;
    let sources: Vec<_> =
        listed["data"].as_array().unwrap().iter().map(|it| it["source_id"].clone()).collect();
    assert_eq!(sources, ["same", "same"]);
}

#[tokio::test]
async fn cards_and_transactions_come_in_pages() {
    let play = Play::start().await;
    for code in ["C1", "C2", "C3"] {
        join(&play, code).await;
        play.hand.forward(60);
    }
    for n in 0..5 {
        good(balance(&play, "C1", 1, &format!("s{n}"))).await;
    }
    let codes = async |query: &str| {
        let listed = good(get(&play, &format!("{MEMBERS}?{query}"))).await;
        let codes: Vec<_> =
            listed["vouchers"].as_array().unwrap().iter().map(|it| it["code"].clone()).collect();
        (json!(codes), listed["total"].clone())
    };
    assert_eq!(codes("limit=2&order=updated_at").await, (json!(["C2", "C3"]), json!(3)));
    assert_eq!(codes("limit=2&page=2&order=updated_at").await, (json!(["C1"]), json!(3)));
    let after = "%5Bupdated_at%5D%5Bafter%5D=2026-03-01T10%3A01%3A30Z";
    assert_eq!(codes(&format!("order=updated_at&{after}")).await, (json!(["C3", "C1"]), json!(2)));

    let first = transactions(&play, "C1", "limit=3&order=-id").await;
    assert_eq!((&first["has_more"], &first["data"][2]["source_id"]), (&json!(true), &json!("s2")));
    let next =
        format!("limit=3&order=-id&starting_after_id={}", first["more_starting_after"].as_str().unwrap());
    let second = transactions(&play, "C1", &next).await;
    assert_eq!((&second["has_more"], second["data"].as_array().unwrap().len()), (&json!(false), 2));
    for query in ["limit=101", "limit=0", "page=101", "order=rank"] {
        assert_eq!(answer(get(&play, &format!("{MEMBERS}?{query}"))).await.0, StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn one_change_is_told_twice() {
    let play = Play::start().await;
    let control = play.simulator.control();
    control.connect("club", Connection::new("http://127.0.0.1:9/hooks", "s", Scheme::Voucherify)).unwrap();
    join(&play, "C1").await;
    good(balance(&play, "C1", 5, "a")).await;
    let topics: Vec<_> = control.deliveries().into_iter().map(|delivery| delivery.topic).collect();
    assert_eq!(
        topics,
        ["customer.voucher.loyalty_card.points_added", "voucher.loyalty_card.transaction.created"]
    );
}

#[tokio::test]
async fn who_is_deleted_for_good_takes_their_cards_along() {
    let play = Play::with(SimulatorOptions { unknown: Unknown::Refused, ..Default::default() }).await;
    let control = play.simulator.control();
    control.connect("club", Connection::new("http://127.0.0.1:9/hooks", "s", Scheme::Voucherify)).unwrap();
    let card = join(&play, "C1").await;
    join(&play, "C2").await;
    good(balance(&play, "C1", 5, "a")).await;
    let forget = |customer: &str| {
        post(&play, &format!("/voucherify/v1/customers/{customer}/permanent-deletion"), &json!({}))
    };
    let gone = good(forget(card["holder_id"].as_str().unwrap())).await;
    assert_eq!((&gone["status"], &gone["related_object_id"]), (&json!("DONE"), &card["holder_id"]));
    assert!(gone["id"].as_str().unwrap().starts_with("del_"));
    let (status, refused) = answer(forget("C1")).await;
    assert_eq!((status, &refused["key"]), (StatusCode::NOT_FOUND, &json!("not_found")));
    let card = answer(get(&play, "/voucherify/v1/loyalties/members/C1")).await.0;
    assert_eq!(card, StatusCode::NOT_FOUND);
    let listed = good(get(&play, MEMBERS)).await;
    assert_eq!((&listed["total"], &listed["vouchers"][0]["code"]), (&json!(1), &json!("C2")));
    assert_eq!(control.deliveries().last().unwrap().topic, "customer.deleted");
    // By the shop's own id as well.
    good(forget("C2")).await;
}

#[tokio::test]
async fn credentials_and_cards_are_checked() {
    let play = Play::with(SimulatorOptions { unknown: Unknown::Refused, ..Default::default() }).await;
    let halves = [("x-app-id", "app"), ("x-app-token", "t")];
    for (name, value) in halves {
        let request = play.client.get(play.url(MEMBERS)).header(name, value);
        assert_eq!(answer(request).await.0, StatusCode::UNAUTHORIZED, "{name}");
    }
    let (status, refused) = answer(balance(&play, "C1", 5, "a")).await;
    assert_eq!((status, &refused["key"]), (StatusCode::NOT_FOUND, &json!("not_found")));
    join(&play, "C1").await;
    let twice = json!({ "customer": { "source_id": "other" }, "voucher": "C1" });
    assert_eq!(answer(post(&play, MEMBERS, &twice)).await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn two_thousand_a_minute_are_borne() {
    let play = Play::start().await;
    for _ in 0..2_000 {
        good(get(&play, MEMBERS)).await;
    }
    let refused = get(&play, MEMBERS).send().await.unwrap();
    assert_eq!(
        (refused.status(), &refused.headers()["retry-after"]),
        (StatusCode::TOO_MANY_REQUESTS, &"30".parse().unwrap())
    );
    play.hand.forward(30);
    good(get(&play, MEMBERS)).await;
}
