//! Shopify: tags, notes, refusals, the cost bucket.

mod lists;

use http::StatusCode;
use provider_simulator::{BucketSize, Connection, Seed, ShopifySeed, SimulatorOptions, Unknown};
use serde_json::{Value, json};

use crate::{Play, answer, good};

const PATH: &str = "/shopify/admin/api/2026-04/graphql.json";
const CUSTOMER: &str = "gid://shopify/Customer/820982911946154508";
const ADD: &str = "mutation Add($id: ID!, $tags: [String!]!) {
    tagsAdd(id: $id, tags: $tags) { node { id ... on Customer { tags } } userErrors { field message } }
}";

async fn ask(play: &Play, query: &str, variables: Value) -> Value {
    let body = json!({ "query": query, "variables": variables });
    let (status, answer) = answer(play.post(PATH, &body).header("x-shopify-access-token", "t")).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    answer
}

fn error_code(answer: &Value) -> &str {
    answer.pointer("/errors/0/extensions/code").and_then(Value::as_str).unwrap_or("none")
}

#[tokio::test]
async fn tags_are_added_to_what_is_there_and_removed() {
    let play = Play::start().await;
    ask(&play, ADD, json!({ "id": CUSTOMER, "tags": ["vip", "unhappy"] })).await;
    let again = ask(&play, ADD, json!({ "id": CUSTOMER, "tags": "unhappy, late" })).await;
    let tags_add =
        json!({ "node": { "id": CUSTOMER, "tags": ["late", "unhappy", "vip"] }, "userErrors": [] });
    assert_eq!(again["data"]["tagsAdd"], tags_add);

    let query = format!(
        r#"mutation {{ gone: tagsRemove(id: "{CUSTOMER}", tags: ["vip"]) {{ userErrors {{ message }} }} }}"#
    );
    let removed = ask(&play, &query, json!({})).await;
    assert_eq!(removed["data"], json!({ "gone": { "userErrors": [] } }));
    assert_eq!(play.simulator.control().counts().tags, 2);

    let read =
        ask(&play, "query($id: ID!) { customer(id: $id) { __typename tags } }", json!({ "id": CUSTOMER }))
            .await;
    assert_eq!(read["data"]["customer"], json!({ "__typename": "Customer", "tags": ["late", "unhappy"] }));
}

#[tokio::test]
async fn order_update_overwrites_note_and_tags() {
    let play = Play::start().await;
    let order = "gid://shopify/Order/7";
    ask(&play, ADD, json!({ "id": order, "tags": ["a", "b"] })).await;
    let update = "mutation($input: OrderInput!) { orderUpdate(input: $input) { order { ...Kept } userErrors { message } } }
        fragment Kept on Order { note tags }";
    let noted = ask(&play, update, json!({ "input": { "id": order, "note": "call back" } })).await;
    assert_eq!(noted["data"]["orderUpdate"]["order"], json!({ "note": "call back", "tags": ["a", "b"] }));
    let replaced = ask(&play, update, json!({ "input": { "id": order, "tags": ["c"] } })).await;
    assert_eq!(replaced["data"]["orderUpdate"]["order"], json!({ "note": "call back", "tags": ["c"] }));
}

#[tokio::test]
async fn business_errors_come_with_status_200() {
    let play = Play::with(SimulatorOptions { unknown: Unknown::Refused, ..Default::default() }).await;
    for (id, message) in [
        ("gid://shopify/Customer/1", "Customer does not exist"),
        ("gid://shopify/Order/1", "Order does not exist"),
        ("gid://shopify/Customer/one", "Invalid id"),
        ("gid://shopify/Metaobject/1", "Invalid id"),
    ] {
        let refused = ask(&play, ADD, json!({ "id": id, "tags": ["x"] })).await;
        let expected = json!({ "node": null, "userErrors": [{ "field": ["id"], "message": message }] });
        assert_eq!(refused["data"]["tagsAdd"], expected, "{id}");
    }
    let seeded = ShopifySeed { id: "gid://shopify/Customer/1".into(), tags: vec!["old".into()], note: None };
    play.simulator.control().seed(Seed { shopify: vec![seeded], ..Seed::default() }).unwrap();
    let added = ask(&play, ADD, json!({ "id": "gid://shopify/Customer/1", "tags": ["new"] })).await;
    assert_eq!(added["data"]["tagsAdd"]["node"]["tags"], json!(["new", "old"]));
}

const ERASE: &str = "mutation($id: ID!) {
    erased: customerRequestDataErasure(customerId: $id) { customerId userErrors { code field message } }
}";

async fn customer_at(play: &Play, number: u64) -> Value {
    let id = format!("gid://shopify/Customer/{number}");
    let read = ask(play, "query($id: ID!) { customer(id: $id) { id } }", json!({ "id": id })).await;
    read.pointer("/data/customer").cloned().unwrap()
}

#[tokio::test]
async fn an_erasure_is_taken_at_once_and_carried_out_later() {
    let play = Play::with(SimulatorOptions { unknown: Unknown::Refused, ..Default::default() }).await;
    let control = play.simulator.control();
    let scheme =
        json!({ "kind": "shopify", "shop_domain": "example.myshopify.com", "api_version": "2026-04" });
    let connection =
        Connection::new("http://127.0.0.1:9/hooks", "s", serde_json::from_value(scheme).unwrap());
    control.connect("shop", connection).unwrap();
    let ana = json!({ "fields": { "first_name": "Ana", "email": "ana@example.com" } });
    good(play.put("/shopify/merchant/customers/1", &ana)).await;
    good(play.put("/shopify/merchant/customers/2", &ana)).await;
    let order = json!({ "fields": {
        "customer": { "id": 2 }, "email": "ana@example.com", "total_price": "9.50", "shipping_address": { "city": "Lima" },
    } });
    good(play.put("/shopify/merchant/orders/7", &order)).await;
    for gid in ["gid://shopify/Customer/1", "gid://shopify/Customer/2", "gid://shopify/Customer/1"] {
        let taken = ask(&play, ERASE, json!({ "id": gid })).await;
        assert_eq!(taken["data"]["erased"], json!({ "customerId": gid, "userErrors": [] }));
    }
    let told = |due: &str| {
        let redactions = control.deliveries().into_iter().filter(|it| it.topic == "customers/redact");
        redactions.filter(|it| it.late_ms.to_string() == due).count()
    };
    let days = |days: i64| days * 24 * 3_600;
    assert_eq!((told(&(days(10) * 1_000).to_string()), told(&(days(180) * 1_000).to_string())), (1, 1));

    play.hand.forward(days(10) - 1);
    assert_ne!(customer_at(&play, 1).await, Value::Null);
    play.hand.forward(1);
    assert_eq!(customer_at(&play, 1).await, Value::Null);
    let nobody =
        json!([{ "code": "DOES_NOT_EXIST", "field": ["customerId"], "message": "Customer does not exist" }]);
    for gid in ["gid://shopify/Customer/1", "gid://shopify/Customer/9", "gid://shopify/Order/7"] {
        let refused = ask(&play, ERASE, json!({ "id": gid })).await;
        assert_eq!(refused["data"]["erased"], json!({ "customerId": null, "userErrors": nobody }), "{gid}");
    }
    // They ordered today: their bank may still ask.
    assert_ne!(customer_at(&play, 2).await, Value::Null);
    play.hand.forward(days(170));
    let world = serde_json::to_value(control.world().shopify).unwrap();
    assert_eq!(world["customers"], json!({}));
    assert_eq!(
        world.pointer("/orders/gid:~1~1shopify~1Order~17/fields"),
        Some(&json!({ "total_price": "9.50" }))
    );
}

#[tokio::test]
async fn unsound_documents_change_nothing() {
    let play = Play::start().await;
    let ring = "mutation($id: ID!) { tagsAdd(id: $id, tags: \"x\") { ...A } }
        fragment A on TagsAddPayload { ...B } fragment B on TagsAddPayload { ...A }";
    for (query, code) in [
        ("mutation {", "parseError"),
        (ring, "maxDepth"),
        ("mutation($id: ID!) { tagsAdd(id: $id, tags: \"x\") { shoe } }", "undefinedField"),
        ("mutation($id: ID!) { tagsAdd(id: $id, tags: \"x\") { node } }", "selectionMismatch"),
        ("mutation($id: ID!) { tagsAdd(id: $id) { node { id } } }", "argumentLiteralsIncompatible"),
        ("mutation($id: ID!) { tagsAdd(id: $it, tags: \"x\") { node { id } } }", "variableNotDefined"),
        (
            "mutation($id: ID!, $n: Int!) { tagsAdd(id: $id, tags: \"x\") { node { id } } }",
            "INVALID_VARIABLE",
        ),
        (
            "mutation($id: ID!) { tagsAdd(id: $id, tags: \"x\") @idempotent(key: \"k\") { node { id } } }",
            "undefinedDirective",
        ),
        ("subscription { tagsAdd(id: 1, tags: \"x\") { node { id } } }", "missingSchema"),
        ("query($id: ID!) { tagsAdd(id: $id, tags: \"x\") { node { id } } }", "undefinedField"),
    ] {
        assert_eq!(error_code(&ask(&play, query, json!({ "id": CUSTOMER })).await), code, "{query}");
    }
    let doubling: String = (0..10)
        .map(|n| format!("fragment F{n} on TagsAddPayload {{ ...F{m} ...F{m} ...F{m} }}", m = n + 1))
        .collect();
    let huge = format!(
        "mutation($id: ID!) {{ tagsAdd(id: $id, tags: \"x\") {{ ...F0 }} }} {doubling}
         fragment F10 on TagsAddPayload {{ node {{ id }} }}"
    );
    assert_eq!(error_code(&ask(&play, &huge, json!({ "id": CUSTOMER })).await), "MAX_COST_EXCEEDED");
    let deep = format!("{}{}", "{ a".repeat(5_000), "}".repeat(5_000));
    assert_eq!(error_code(&ask(&play, &deep, json!({})).await), "parseError");
    assert_eq!(play.simulator.control().counts().tags, 0);
}

#[tokio::test]
async fn the_cost_bucket_empties_and_restores() {
    let bucket = BucketSize { points_max: 25, points_per_second: 5 };
    let play = Play::with(SimulatorOptions { shopify_bucket: bucket, ..Default::default() }).await;
    let tag = json!({ "id": CUSTOMER, "tags": ["x"] });
    for left in [15, 5] {
        let cost = &ask(&play, ADD, tag.clone()).await["extensions"]["cost"];
        assert_eq!((&cost["requestedQueryCost"], &cost["actualQueryCost"]), (&json!(10), &json!(10)));
        let expected = json!({ "maximumAvailable": 25.0, "currentlyAvailable": left, "restoreRate": 5.0 });
        assert_eq!(cost["throttleStatus"], expected);
    }
    let throttled = ask(&play, ADD, tag.clone()).await;
    assert_eq!(error_code(&throttled), "THROTTLED");
    assert_eq!(throttled["data"], Value::Null);
    assert_eq!(throttled["extensions"]["cost"]["actualQueryCost"], Value::Null);
    play.hand.forward(1);
    assert_eq!(error_code(&ask(&play, ADD, tag.clone()).await), "none");
}

#[tokio::test]
async fn the_token_and_the_path_are_checked() {
    let play = Play::start().await;
    let body = json!({ "query": "{ customer(id: \"gid://shopify/Customer/1\") { id } }" });
    let (status, refused) = answer(play.post(PATH, &body)).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert!(refused["errors"].as_str().unwrap().starts_with("[API] Invalid API key"));
    let admit = |path: &str, body: &Value| play.post(path, body).header("x-shopify-access-token", "t");
    let elsewhere = admit("/shopify/admin/api/latest/graphql.json", &body);
    assert_eq!(answer(elsewhere).await.0, StatusCode::NOT_FOUND);
    let (status, unknown) = answer(admit("/shopify/admin/oauth", &body)).await;
    assert_eq!((status, &unknown["errors"]), (StatusCode::NOT_FOUND, &json!("Not Found")));
    assert_eq!(answer(admit(PATH, &json!({ "variables": {} }))).await.0, StatusCode::BAD_REQUEST);
    let read = good(admit(PATH, &body)).await;
    assert_eq!(read["data"]["customer"]["id"], "gid://shopify/Customer/1");
}
