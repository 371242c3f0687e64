//! What webhooks say of messages.

use omnihub_plugin::Remark;
use omnihub_plugin::model::{Direction, Money};

use super::{
    ADA, PHONE, RECEIVED, SECOND, THEN, extra, ids, interaction, interactions, names, order, report, topics,
};

#[test]
fn a_message_is_told_with_customer_thread_and_time() {
    let report = report("text");
    let event = &report.events[0];
    assert_eq!((event.name.as_str(), event.happened_at, event.version), ("message.received", THEN, THEN));
    let it = interaction(event);
    assert_eq!(
        (it.id.as_str(), it.text.as_deref()),
        (event.key.as_str(), Some("Grüße, wo ist Bestellung 1001/2?"))
    );
    assert_eq!(it.thread, Some(format!("{PHONE}:{ADA}")));
    assert_eq!(it.direction, Some(Direction::Inbound));
    assert_eq!(ids(it.customer.as_ref()), [format!("wa {ADA}"), format!("phone +{ADA}")]);
    assert_eq!(it.customer.as_ref().unwrap().name.as_deref(), Some("Ada Example"));
}

#[test]
fn media_keeps_its_id_type_and_caption() {
    let report = report("media");
    let all: Vec<String> = interactions(&report)
        .iter()
        .map(|it| {
            let media = &it.attachments[0];
            format!("{} {} {:?} {:?}", media.kind, media.id.as_deref().unwrap(), media.title, it.text)
        })
        .collect();
    assert_eq!(
        all,
        [
            "image 800001 None Some(\"It arrived broken\")",
            "file 800002 Some(\"invoice.pdf\") None",
            "audio 800003 None None",
            "video 800004 None None",
            "sticker 800005 None None",
        ]
    );
    assert_eq!(extra(&interactions(&report)[2].extra, "voice"), Some("true"));
}

#[test]
fn places_are_exact_and_of_shared_contacts_only_names_are_kept() {
    let report = report("location_and_contacts");
    let all = interactions(&report);
    assert_eq!(all[0].attachments[0].title.as_deref(), Some("Shop, 1 Example Street"));
    assert_eq!(extra(&all[0].extra, "latitude"), Some("52.5200066"));
    assert_eq!(extra(&all[1].extra, "longitude"), Some("1e-07"));
    assert_eq!(all[2].attachments[0].title.as_deref(), Some("Cleo Example"));
    assert!(!format!("{:?}", report.events).contains("447700900456"));
}

#[test]
fn choices_and_forms_are_read() {
    let report = report("buttons_lists_and_forms");
    let all: Vec<(Option<&str>, Option<&str>, Option<&str>)> = interactions(&report)
        .into_iter()
        .map(|it| (it.kind.as_deref(), it.text.as_deref(), extra(&it.extra, "payload")))
        .collect();
    assert_eq!(
        all,
        [
            (Some("postback"), Some("Yes"), Some("YES-1001")),
            (Some("postback"), Some("M"), Some("size-m")),
            (Some("postback"), Some("Tuesday"), Some("slot-3")),
            (Some("form"), Some("Sent"), None),
            (Some("form"), Some("Sent"), None),
        ]
    );
    let all = interactions(&report);
    assert_eq!(all[0].reply_to.as_deref(), Some("wamid.SENT0001"));
    assert_eq!(extra(&all[3].extra, "form.amount"), Some("19.90"));
    assert_eq!(extra(&all[3].extra, "form.tags"), Some("[\"late\"]"));
    assert_eq!(extra(&all[4].extra, "response_json"), Some("not json"));
}

#[test]
fn a_reaction_is_taken_back_by_an_empty_or_absent_emoji() {
    let report = report("reactions");
    let emojis: Vec<Option<&str>> =
        interactions(&report).iter().map(|it| it.reaction.as_ref().unwrap().emoji.as_deref()).collect();
    assert_eq!(emojis, [Some("😮"), None, None]);
    assert_eq!(interactions(&report)[0].id, "wamid.SENT0001");
    assert_eq!(interactions(&report)[0].reaction.as_ref().unwrap().by, ADA);
    assert_eq!(names(&report), ["message.reaction"; 3]);
}

#[test]
fn an_order_counts_in_major_units_exactly() {
    let report = report("order");
    assert_eq!(names(&report), ["order.created", "message.received"]);
    let order = order(&report);
    assert_eq!(order.total, Some(Money { minor: 9_990, currency: "ILS".into() }));
    let lines = order.lines.as_ref().unwrap();
    assert_eq!((lines[0].quantity, lines[0].unit_price.as_ref().unwrap().minor), (3_000_000, 3_000));
    assert_eq!((lines[1].quantity, lines[1].unit_price.as_ref().unwrap().minor), (2_000_000, 495));
    let it = interaction(&report.events[1]);
    assert_eq!((it.order.as_ref(), it.text.as_deref()), (Some(&order.id), Some("Please gift wrap")));
}

#[test]
fn an_inexact_price_is_noted_and_leaves_no_total() {
    let report = report("order_with_inexact_price");
    let order = order(&report);
    assert_eq!(order.total, None);
    let prices: Vec<Option<i64>> = order
        .lines
        .as_ref()
        .unwrap()
        .iter()
        .map(|line| line.unit_price.as_ref().map(|price| price.minor))
        .collect();
    assert_eq!(prices, [None, Some(1_200)]);
    assert_eq!(report.notes.len(), 2);
}

#[test]
fn statuses_are_told_as_they_are_in_any_order() {
    let report = report("statuses_out_of_order");
    let keys: Vec<&str> = report.events.iter().map(|event| event.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "wamid.SENT0001@read",
            "wamid.SENT0001@sent",
            "wamid.SENT0001@delivered",
            "wamid.SENT0002@played",
            "wamid.SENT0003@deleted",
        ]
    );
    assert!(interactions(&report).iter().all(|it| it.direction == Some(Direction::Outbound)));
    assert_eq!(report.events[0].version, THEN + 3 * SECOND);
    assert_eq!(extra(&interactions(&report)[1].extra, "effect"), Some("effect-1"));
    let ours = self::report("status_of_an_effect");
    let effect = extra(&interactions(&ours)[0].extra, "effect");
    assert_eq!(effect, Some("eff_00112233445566778899aabbccddeeff"));
    assert_eq!(extra(&interactions(&report)[2].extra, "conversation_expires"), Some("1767348000"));
    let failed = &interactions(&self::report("failed_status"))[1].status_detail.clone();
    assert_eq!(failed.as_deref(), Some("131047: Re-engagement message"));
}

#[test]
fn an_edit_says_what_is_new_and_comes_after() {
    let report = report("edit_and_revoke");
    assert_eq!(names(&report), ["message.edited", "message.edited", "message.deleted"]);
    let all = interactions(&report);
    assert_eq!((all[0].id.as_str(), all[0].text.as_deref()), ("wamid.IN0001", Some("Order 1002, sorry")));
    assert_eq!(report.events[0].version, THEN + 1);
    assert_eq!((all[1].text.as_deref(), all[1].attachments.len()), (Some("New caption"), 0));
    assert!(all[2].erased && report.events[2].key == "wamid.IN0001");
    assert_eq!(report.notes.len(), 1);
}

#[test]
fn what_whatsapp_cannot_show_is_still_a_message() {
    let report = report("unsupported");
    let all: Vec<(Option<&str>, Option<&str>, Option<&str>)> = interactions(&report)
        .into_iter()
        .map(|it| (it.kind.as_deref(), it.text.as_deref(), extra(&it.extra, "error_code")))
        .collect();
    assert_eq!(
        all,
        [
            (Some("unsupported"), None, Some("131051")),
            (Some("unsupported"), Some("left over"), Some("131051")),
            (Some("postback"), None, Some("131051")),
        ]
    );
}

#[test]
fn a_message_repeated_in_a_delivery_counts_once() {
    let report = report("repeated_message");
    assert_eq!(report.events.len(), 1);
    assert_eq!(report.notes[0].remark, Remark::Ignored);
}

#[test]
fn what_is_not_known_is_counted() {
    let fields = ["message_template_status_update", "account_update", "history", "something_new"];
    assert_eq!(topics(&report("other_fields")), fields);
    assert!(!format!("{:?}", report("other_fields").events).contains("12025550100"));
    assert_eq!(topics(&report("account_errors")), ["errors"]);
    assert_eq!(topics(&report("unknown_words")), ["request_welcome", "hologram", "status.pondered"]);
    assert_eq!(topics(&report("another_object")), ["instagram"]);
}

#[test]
fn surroundings_of_a_message_are_kept() {
    let report = report("ad_reply_and_forward");
    let all = interactions(&report);
    assert_eq!(extra(&all[0].extra, "ad_id"), Some("120200000000001"));
    assert_eq!(all[1].reply_to.as_deref(), Some("wamid.SENT0001"));
    assert_eq!(extra(&all[2].extra, "frequently_forwarded"), Some("true"));
    assert_eq!(extra(&all[3].extra, "product_retailer_id"), Some("MUG-BLUE"));
}

#[test]
fn a_bad_item_costs_only_itself() {
    let report = report("malformed_among_good");
    let texts: Vec<Option<&str>> = interactions(&report).iter().map(|it| it.text.as_deref()).collect();
    assert_eq!(texts, [None, Some("good"), None]);
    assert_eq!((report.events[1].happened_at, report.events[1].version), (RECEIVED, 0));
    let paths: Vec<&str> = report.notes.iter().map(|note| note.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "/entry/0/changes/0/value/messages/0",
            "/entry/0/changes/0/value/messages/1",
            "/entry/0/changes/0/value/messages/3",
            "/entry/0/changes/0/value/statuses/0",
            "/entry/0/changes/1/value",
            "/entry/0/changes/2/value",
            "/entry/0/changes/3",
        ]
    );
}
