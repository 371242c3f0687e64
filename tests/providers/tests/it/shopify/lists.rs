//! Shopify: lists by time of change, what an order looks like on either side, subscriptions, webhooks.

use http::StatusCode;
use provider_simulator::{
    BucketSize, Connection, Scheme, Seed, ShopifySeed, SimulatorOptions, Spelling, Standing,
};
use serde_json::{Value, json};

use super::{ADD, ask, error_code};
use crate::{Play, answer};

const ORDERS: &str = "query($first: Int!, $after: String, $query: String) {
    orders(first: $first, after: $after, sortKey: UPDATED_AT, query: $query) {
        pageInfo { hasNextPage endCursor } nodes { legacyResourceId updatedAt } } }";
const TARGET: &str = "http://127.0.0.1:9/hooks/shop";

/// What a merchant does: not Shopify's, see the README.
async fn write(play: &Play, path: &str, fields: Value, topics: &[&str]) -> Value {
    let request =
        play.put(&format!("/shopify/merchant/{path}"), &json!({ "fields": fields, "topics": topics }));
    let (status, body) = answer(request.header("x-shopify-access-token", "t")).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    body
}

fn at<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

async fn orders(play: &Play, variables: Value) -> (Vec<String>, Value) {
    let answer = ask(play, ORDERS, variables).await;
    let page = at(&answer, "/data/orders");
    let ids = at(page, "/nodes").as_array().unwrap_or_else(|| panic!("{answer}")).iter();
    (
        ids.map(|node| at(node, "/legacyResourceId").as_str().unwrap().to_owned()).collect(),
        at(page, "/pageInfo").clone(),
    )
}

#[tokio::test]
async fn orders_are_listed_by_their_last_change() {
    let play = Play::start().await;
    for id in 1..=5 {
        write(&play, &format!("orders/{id}"), json!({}), &[]).await;
        play.hand.forward(60);
    }
    ask(&play, ADD, json!({ "id": "gid://shopify/Order/2", "tags": ["a"] })).await;
    play.hand.forward(60);
    // The tag is there already: nothing changes.
    ask(&play, ADD, json!({ "id": "gid://shopify/Order/1", "tags": [] })).await;

    let (first, info) = orders(&play, json!({ "first": 2 })).await;
    assert_eq!((first, &info["hasNextPage"]), (vec!["1".to_owned(), "3".to_owned()], &json!(true)));
    let (rest, info) = orders(&play, json!({ "first": 3, "after": info["endCursor"] })).await;
    assert_eq!((rest, &info["hasNextPage"]), (vec!["4".into(), "5".into(), "2".into()], &json!(false)));

    let (window, _) = orders(
        &play,
        json!({ "first": 9, "query": "updated_at:>='2026-03-01T10:02:30Z' AND updated_at:<\"2026-03-01T05:04:30-05:00\"" }),
    )
    .await;
    assert_eq!(window, ["3", "4"]);
    let (none, info) =
        orders(&play, json!({ "first": 9, "query": "updated_at:>'2026-03-01T10:05:30Z'" })).await;
    assert_eq!((none, info), (vec![], json!({ "hasNextPage": false, "endCursor": null })));
}

#[tokio::test]
async fn lists_are_asked_for_as_shopify_wants_it() {
    let play = Play::start().await;
    for (variables, code) in [
        (json!({ "first": 251 }), "BAD_USER_INPUT"),
        (json!({ "first": 0 }), "BAD_USER_INPUT"),
        (json!({ "first": 1, "after": "elsewhere" }), "BAD_USER_INPUT"),
        (json!({ "first": 1, "query": "status:open" }), "argumentNotAccepted"),
        (json!({ "first": 1, "query": "updated_at:>=yesterday" }), "argumentNotAccepted"),
    ] {
        assert_eq!(error_code(&ask(&play, ORDERS, variables.clone()).await), code, "{variables}");
    }
    let unsorted = "{ customers(first: 1, sortKey: NAME) { nodes { id } } }";
    assert_eq!(error_code(&ask(&play, unsorted, json!({})).await), "argumentNotAccepted");
}

#[tokio::test]
async fn paging_ends_at_25000_objects() {
    let play = Play::with(SimulatorOptions {
        shopify_bucket: BucketSize { points_max: 20_000, points_per_second: 1 },
        ..Default::default()
    })
    .await;
    let shopify = (1..=25_001)
        .map(|id| ShopifySeed { id: format!("gid://shopify/Order/{id}"), tags: vec![], note: None })
        .collect();
    play.simulator.control().seed(Seed { shopify, ..Seed::default() }).unwrap();
    let mut after = Value::Null;
    for _ in 0..100 {
        let (page, info) = orders(&play, json!({ "first": 250, "after": after })).await;
        assert_eq!((page.len(), &info["hasNextPage"]), (250, &json!(true)));
        after = info["endCursor"].clone();
    }
    let deeper = ask(&play, ORDERS, json!({ "first": 1, "after": after })).await;
    assert_eq!(error_code(&deeper), "BAD_USER_INPUT");
}

#[tokio::test]
async fn a_list_costs_what_it_holds() {
    let bucket = BucketSize { points_max: 30, points_per_second: 1 };
    let play = Play::with(SimulatorOptions { shopify_bucket: bucket, ..Default::default() }).await;
    write(&play, "orders/1", json!({}), &[]).await;
    let listed = ask(&play, ORDERS, json!({ "first": 250 })).await;
    let cost = &listed["extensions"]["cost"];
    assert_eq!((&cost["requestedQueryCost"], &cost["actualQueryCost"]), (&json!(27), &json!(3)));
    assert_eq!(cost["throttleStatus"]["currentlyAvailable"], 27);
    assert_eq!(error_code(&ask(&play, ORDERS, json!({ "first": 250 })).await), "none");
    assert_eq!(error_code(&ask(&play, ORDERS, json!({ "first": 250 })).await), "THROTTLED");
    let many: String = (0..101)
        .map(|n| {
            format!("a{n}: tagsAdd(id: \"gid://shopify/Order/1\", tags: \"x\") {{ userErrors {{ field }} }} ")
        })
        .collect();
    assert_eq!(
        error_code(&ask(&play, &format!("mutation {{ {many} }}"), json!({})).await),
        "MAX_COST_EXCEEDED"
    );
}

#[tokio::test]
async fn an_order_is_one_thing_told_in_two_ways() {
    let play = Play::start().await;
    let ana = json!({ "email": "ana@example.com", "first_name": "Ana", "verified_email": true, "state": "enabled" });
    write(&play, "customers/5", ana, &[]).await;
    let fields = json!({
        "name": "#1001", "token": "b1946ac9", "currency": "JPY", "total_price": "23600", "financial_status": "paid",
        "fulfillment_status": null, "processed_at": "2026-03-01T04:00:00-05:00", "tags": "b, a", "note": "Ring twice",
        "customer": { "id": 5 },
        "line_items": [
            { "id": 11, "sku": "W-1", "title": "Wool", "quantity": 2, "price": "11800" },
            { "id": 12, "sku": "W-2", "title": "Silk", "quantity": 1, "price": "0" },
        ],
        "fulfillments": [{ "id": 21, "status": "success", "shipment_status": "in_transit", "tracking_company": "Post",
            "tracking_numbers": ["P1"], "tracking_urls": ["https://post.example.com/P1"] }],
        "refunds": [{ "id": 31, "created_at": "2026-03-01T04:30:00-05:00",
            "transactions": [{ "kind": "refund", "status": "success", "amount": "5", "currency": "JPY" }] }],
    });
    let body = write(&play, "orders/7", fields, &[]).await;
    assert_eq!(body["id"], 7);
    assert_eq!((&body["updated_at"], &body["tags"]), (&json!("2026-03-01T05:00:30-05:00"), &json!("a, b")));
    assert_eq!(body["customer"]["email"], "ana@example.com");

    let query = "{ order(id: \"gid://shopify/Order/7\") {
        name updatedAt processedAt displayFinancialStatus displayFulfillmentStatus statusPageUrl tags note
        totalPriceSet { ...M } totalTaxSet { ...M } customer { id defaultEmailAddress { emailAddress marketingState } }
        lineItems(first: 1) { pageInfo { hasNextPage endCursor } nodes { id sku quantity originalUnitPriceSet { ...M } } }
        rest: lineItems(first: 5, after: \"1\") { pageInfo { hasNextPage } nodes { sku } }
        fulfillments(first: 5) { id status displayStatus trackingInfo(first: 5) { company number url } }
        none: fulfillments(first: 0) { id }
        refunds(first: 5) { id createdAt processedAt transactions(first: 5) { nodes { kind status amountSet { ...M } } } } } }
        fragment M on MoneyBag { shopMoney { amount currencyCode } }";
    let yen = |amount: &str| json!({ "shopMoney": { "amount": amount, "currencyCode": "JPY" } });
    let expected = json!({
        "name": "#1001", "updatedAt": "2026-03-01T10:00:30Z", "processedAt": "2026-03-01T09:00:00Z",
        "displayFinancialStatus": "PAID", "displayFulfillmentStatus": "UNFULFILLED",
        "statusPageUrl": "https://example.myshopify.com/1/orders/b1946ac9/authenticate?key=7",
        "tags": ["a", "b"], "note": "Ring twice", "totalPriceSet": yen("23600.0"), "totalTaxSet": null,
        "customer": { "id": "gid://shopify/Customer/5",
            "defaultEmailAddress": { "emailAddress": "ana@example.com", "marketingState": "NOT_SUBSCRIBED" } },
        "lineItems": { "pageInfo": { "hasNextPage": true, "endCursor": "1" }, "nodes": [
            { "id": "gid://shopify/LineItem/11", "sku": "W-1", "quantity": 2, "originalUnitPriceSet": yen("11800.0") }] },
        "rest": { "pageInfo": { "hasNextPage": false }, "nodes": [{ "sku": "W-2" }] },
        "fulfillments": [{ "id": "gid://shopify/Fulfillment/21", "status": "SUCCESS", "displayStatus": "IN_TRANSIT",
            "trackingInfo": [{ "company": "Post", "number": "P1", "url": "https://post.example.com/P1" }] }],
        "none": [],
        "refunds": [{ "id": "gid://shopify/Refund/31", "createdAt": "2026-03-01T09:30:00Z", "processedAt": null,
            "transactions": { "nodes": [{ "kind": "REFUND", "status": "SUCCESS", "amountSet": yen("5.0") }] } }],
    });
    assert_eq!(ask(&play, query, json!({})).await["data"]["order"], expected);
}

fn connect(play: &Play, topics: &[&str]) {
    let scheme = Scheme::Shopify {
        shop_domain: "example.myshopify.com".into(),
        api_version: "2026-04".into(),
        spelling: Spelling::default(),
    };
    let mut connection = Connection::new(TARGET, "s3cret", scheme);
    connection.topics = Some(topics.iter().map(|topic| (*topic).to_owned()).collect());
    play.simulator.control().connect("shop", connection).unwrap();
}

fn announced(play: &Play) -> Vec<String> {
    play.simulator.control().deliveries().into_iter().map(|delivery| delivery.topic).collect()
}

#[tokio::test]
async fn a_change_is_told_to_those_who_subscribed() {
    let play = Play::start().await;
    connect(&play, &["orders/*", "customers/update", "customer.tags_added"]);
    write(
        &play,
        "orders/7",
        json!({ "total_price": "1.00" }),
        &["orders/create", "orders/paid", "checkouts/delete"],
    )
    .await;
    let tag = |id: &str| json!({ "id": id, "tags": ["a"] });
    ask(&play, ADD, tag("gid://shopify/Customer/5")).await;
    ask(&play, ADD, tag("gid://shopify/Customer/5")).await;
    ask(&play, ADD, tag("gid://shopify/Order/7")).await;
    let note =
        "mutation { orderUpdate(input: { id: \"gid://shopify/Order/7\", note: \"x\" }) { order { note } } }";
    ask(&play, note, json!({})).await;
    ask(&play, note, json!({})).await;
    let gone =
        play.client.delete(play.url("/shopify/merchant/orders/7")).header("x-shopify-access-token", "t");
    assert_eq!(answer(gone).await.1["admin_graphql_api_id"], "gid://shopify/Order/7");
    let expected = [
        "orders/create",
        "orders/paid",
        "customers/update",
        "customer.tags_added",
        "orders/updated",
        "orders/updated",
        "orders/delete",
    ];
    assert_eq!(announced(&play), expected);
}

const LIST: &str = "query($after: String) { webhookSubscriptions(first: 3, after: $after) {
    pageInfo { hasNextPage endCursor } nodes { id topic uri format } } }";
const SUBSCRIBE: &str = "mutation($topic: WebhookSubscriptionTopic!, $uri: String!) {
    webhookSubscriptionCreate(topic: $topic, webhookSubscription: { uri: $uri, format: JSON }) {
        webhookSubscription { id topic uri } userErrors { field message } } }";

async fn listed(play: &Play) -> Vec<(String, String)> {
    let mut after = Value::Null;
    let mut found = Vec::new();
    loop {
        let answer = ask(play, LIST, json!({ "after": after })).await;
        let page = at(&answer, "/data/webhookSubscriptions");
        let text = |node: &Value, name: &str| at(node, name).as_str().unwrap().to_owned();
        found.extend(
            at(page, "/nodes")
                .as_array()
                .unwrap()
                .iter()
                .map(|node| (text(node, "/topic"), text(node, "/uri"))),
        );
        if at(page, "/pageInfo/hasNextPage") == false {
            return found;
        }
        after = at(page, "/pageInfo/endCursor").clone();
    }
}

#[tokio::test]
async fn subscriptions_are_listed_made_and_removed() {
    let play = Play::start().await;
    connect(&play, &["orders/c*", "shop/update"]);
    let pair = |topic: &str, uri: &str| (topic.to_owned(), uri.to_owned());
    let own = ["ORDERS_CANCELLED", "ORDERS_CREATE", "SHOP_UPDATE"].map(|topic| pair(topic, TARGET));
    assert_eq!(listed(&play).await, own);

    let subscribe = async |topic: &str, uri: &str| {
        ask(&play, SUBSCRIBE, json!({ "topic": topic, "uri": uri })).await["data"]["webhookSubscriptionCreate"].clone()
    };
    assert_eq!(subscribe("CUSTOMER_TAGS_ADDED", TARGET).await["userErrors"], json!([]));
    let elsewhere = subscribe("ORDERS_PAID", "https://hub.example.com/hooks/shop").await;
    let taken = subscribe("ORDERS_PAID", "https://hub.example.com/hooks/shop").await;
    assert_eq!(taken["userErrors"][0]["message"], "Address for this topic has already been taken");
    assert_eq!(subscribe("ORDERS_PAID", "ftp://x").await["userErrors"][0]["field"][1], "callbackUrl");
    let unknown = ask(&play, SUBSCRIBE, json!({ "topic": "ORDERS_SUNG", "uri": TARGET })).await;
    assert_eq!(error_code(&unknown), "argumentLiteralsIncompatible");
    assert_eq!(listed(&play).await.len(), 5);

    let remove = "mutation($id: ID!) { webhookSubscriptionDelete(id: $id) { deletedWebhookSubscriptionId userErrors { field } } }";
    let id = &elsewhere["webhookSubscription"]["id"];
    let removed = ask(&play, remove, json!({ "id": id })).await;
    assert_eq!(&removed["data"]["webhookSubscriptionDelete"]["deletedWebhookSubscriptionId"], id);
    let again = ask(&play, remove, json!({ "id": id })).await;
    assert_eq!(again["data"]["webhookSubscriptionDelete"]["userErrors"], json!([{ "field": ["id"] }]));

    // Shopify removed it after failures: it is no longer there, and made again it works.
    play.simulator.control().set_standing("shop", Standing::Removed).unwrap();
    assert_eq!(listed(&play).await, []);
    subscribe("SHOP_UPDATE", TARGET).await;
    assert!(listed(&play).await.contains(&pair("SHOP_UPDATE", TARGET)));
}
