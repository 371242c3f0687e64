//! What the connector asks for. Names here are what the operator sees; see the README for their meaning.

use omnihub_plugin::{
    Action, Auth, Dedupe, Encoding, Endpoint, Failure, Grade, Hmac, Manifest, Parameter, Rate, Role, Setting,
    SettingKind, Signature, SignedPart, SignedTime, Stream, TimeFormat, Topic, Webhook,
};

use crate::{act, api, poll};

/// Signed together with the body, so its value can be believed.
pub(crate) const SIGNED_AT: &str = "x-zendesk-webhook-signature-timestamp";

/// What rules may count on from its events.
const FILLS: &[&str] = &[
    "customer.display_name",
    "customer.email",
    "customer.phone",
    "interaction.author",
    "interaction.channel",
    "interaction.direction",
    "interaction.id",
    "interaction.kind",
    "interaction.sender",
    "interaction.sent_at",
    "interaction.text",
    "interaction.thread",
    "interaction.ticket",
    "survey.kind",
    "survey.score",
    "ticket.channel",
    "ticket.id",
    "ticket.priority",
    "ticket.status",
    "ticket.subject",
    "ticket.tags",
];

pub(crate) fn manifest() -> Manifest {
    let mut manifest = Manifest::new("zendesk", env!("CARGO_PKG_VERSION"), "Zendesk");
    manifest.fills(FILLS);
    manifest.settings = settings();
    manifest.webhooks = vec![webhook()];
    manifest.endpoints = endpoints();
    manifest.streams = streams();
    manifest.actions = actions();
    manifest
}

fn endpoints() -> Vec<Endpoint> {
    let endpoint = |name: &str, purpose: &str, path: &str, per_minute: u32, burst: u32| Endpoint {
        name: name.into(),
        purpose: purpose.into(),
        base_url: "https://{subdomain}.zendesk.com".into(),
        paths: vec![path.into()],
        auth: Auth::Basic(("api_user".into(), "api_token".into())),
        rate: Some(Rate { per_minute, burst }),
    };
    vec![
        // The smallest plan has 200 requests a minute.
        endpoint(api::SUPPORT, "Support API", "/api/v2/", 180, 20),
        // Ten a minute for all who export, whatever the plan.
        endpoint(api::EXPORT, "Incremental exports of the Support API", "/api/v2/incremental/", 9, 1),
    ]
}

fn streams() -> Vec<Stream> {
    vec![
        Stream::new(poll::TICKETS, api::EXPORT, "*/5 * * * *", "Tickets that changed, with their people"),
        Stream::new(poll::COMMENTS, api::EXPORT, "2-59/5 * * * *", "Comments of tickets that changed"),
        Stream::new(poll::USERS, api::EXPORT, "*/15 * * * *", "Users that changed"),
        Stream::new(poll::RATINGS, api::SUPPORT, "7 * * * *", "Satisfaction ratings"),
    ]
}

fn settings() -> Vec<Setting> {
    let subdomain = Setting {
        key: "subdomain".into(),
        kind: SettingKind::Text,
        required: true,
        default: None,
        help: "\"acme\" of acme.zendesk.com".into(),
    };
    let text = |key: &str, default: Option<&str>, help: &str| {
        Setting::optional(key, SettingKind::Text, default, help)
    };
    vec![
        subdomain,
        Setting::secret("webhook_secret", "Signing secret of the webhook, as text"),
        Setting::optional("api_token", SettingKind::Secret, None, "API token; all but receiving needs it"),
        text(
            "api_user",
            None,
            "E-mail of the token's owner with \"/token\" behind it: \"ana@example.com/token\"; all but receiving needs it",
        ),
        text(
            "api_user_id",
            None,
            "Id of that user, if only the hub writes as them: what they write is then known for a rule's",
        ),
        text(
            "trigger_mapping",
            Some("{}"),
            "JSON object from our field names to keys of your trigger's body; see the README",
        ),
        Setting::optional(
            "page_size",
            SettingKind::Number,
            Some("500"),
            "Tickets or users on a page of an export, 1 to 1000",
        ),
    ]
}

/// The setting `page_size`, read with `get`.
pub(crate) fn page_size(get: &dyn Fn(&str) -> Option<String>) -> Result<Option<u32>, Failure> {
    let text = get("page_size").map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let number = |text: String| text.parse().ok().filter(|size| (1..=1_000).contains(size));
    text.map(|text| number(text).ok_or_else(|| Failure::Misconfigured("page_size".into()))).transpose()
}

fn webhook() -> Webhook {
    /// Zendesk names no window. Ours leaves room for its retries; replays are recognised by the event's id anyway.
    const TOLERANCE_SECONDS: u32 = 300;
    let hmac = Hmac {
        headers: vec!["x-zendesk-webhook-signature".into()],
        secret: "webhook_secret".into(),
        signed: vec![SignedPart::Header(SIGNED_AT.into()), SignedPart::Body],
        prefix: String::new(),
        encoding: Encoding::Base64,
        time: Some(SignedTime {
            header: SIGNED_AT.into(),
            format: TimeFormat::Rfc3339,
            tolerance: TOLERANCE_SECONDS,
        }),
        or_minified: false,
    };
    Webhook {
        signature: Signature::Hmac(hmac),
        // Bodies of triggers have no id: there the host takes the whole body.
        dedupe: Dedupe::JsonPointer("/id".into()),
        topic: Topic::JsonPointer("/type".into()),
        handshake: None,
        headers: vec![SIGNED_AT.into()],
    }
}

fn actions() -> Vec<Action> {
    let body = |help| parameter("body", true, help);
    let tags = |help| parameter("tags", true, help);
    vec![
        create_ticket(),
        create_public_ticket(),
        add_public_reply(),
        of_ticket(
            act::ADD_INTERNAL_NOTE,
            Grade::Probed,
            "Notes something for agents",
            body("What only agents read"),
        ),
        of_ticket(act::ADD_TAGS, Grade::Natural, "Adds tags and leaves the others", tags(TAGS)),
        of_ticket(act::REMOVE_TAGS, Grade::Natural, "Takes tags away and leaves the others", tags(TAGS)),
        of_ticket(
            act::SET_STATUS,
            Grade::Probed,
            "Sets the status",
            parameter("status", true, "open, pending, hold, solved or closed; new while it still is"),
        ),
        of_ticket(
            act::SET_PRIORITY,
            Grade::Probed,
            "Sets the priority",
            parameter("priority", true, PRIORITIES),
        ),
        of_ticket(
            act::SET_GROUP,
            Grade::Probed,
            "Gives the ticket to a group",
            parameter("group_id", true, "The group's id"),
        ),
        of_ticket(
            act::SET_ASSIGNEE,
            Grade::Probed,
            "Gives the ticket to an agent",
            parameter("assignee_id", true, "The agent's user id"),
        ),
        erase_customer(),
    ]
}

const PRIORITIES: &str = "low, normal, high or urgent";
const TAGS: &str = "Tags, separated by spaces or commas";
const EXTERNAL_ID: &str = "Your own id for the ticket; the effect's id if left out";

fn parameter(name: &str, required: bool, help: &str) -> Parameter {
    Parameter { name: name.into(), required, help: help.into() }
}

/// An action on one ticket, with one thing to say.
fn of_ticket(name: &str, grade: Grade, help: &str, what: Parameter) -> Action {
    Action {
        name: name.into(),
        role: Role::Work,
        grade,
        help: help.into(),
        parameters: vec![parameter("ticket_id", true, "The ticket's id at Zendesk"), what],
        endpoint: api::SUPPORT.into(),
        target: Some("ticket_id".into()),
    }
}

/// Zendesk answers where the customer wrote: by mail unless the ticket came in by messaging, and by mail for all that came
/// in by phone or form.
fn add_public_reply() -> Action {
    let body = parameter("body", true, "What the requester reads");
    let help =
        "Answers the requester on the ticket's own channel, which is mail unless it came in by messaging";
    Action { role: Role::message("email"), ..of_ticket(act::ADD_PUBLIC_REPLY, Grade::Probed, help, body) }
}

/// Nobody is written to: Zendesk mails no private comments to requesters, see
/// https://support.zendesk.com/hc/en-us/articles/4408843347866.
fn create_ticket() -> Action {
    Action {
        name: act::CREATE_TICKET.into(),
        role: Role::Work,
        grade: Grade::Keyed,
        help: "Opens a ticket for agents: its first comment is an internal note".into(),
        parameters: of_new_ticket(vec![
            parameter("body", true, "Its first comment, which only agents read"),
            parameter("requester_id", false, "Whom the ticket is for, by their user id"),
            parameter("requester_email", false, "Whom the ticket is for, by their e-mail"),
        ]),
        endpoint: api::SUPPORT.into(),
        // Nothing exists yet; what comes back carries the effect's id.
        target: None,
    }
}

/// What every new ticket takes, after what tells the two actions apart.
fn of_new_ticket(own: Vec<Parameter>) -> Vec<Parameter> {
    let all = [
        ("subject", true, "The ticket's subject"),
        ("requester_name", false, "Their name, should Zendesk not know them yet"),
        ("priority", false, PRIORITIES),
        ("external_id", false, EXTERNAL_ID),
        ("tags", false, TAGS),
    ];
    own.into_iter().chain(all.map(|(name, required, help)| parameter(name, required, help))).collect()
}

/// An action of its own, because the hub has to know beforehand that somebody is written to.
fn create_public_ticket() -> Action {
    Action {
        name: act::CREATE_PUBLIC_TICKET.into(),
        role: Role::message("email"),
        grade: Grade::Keyed,
        help: "Opens a ticket with a first comment that its requester reads too: Zendesk mails it to them"
            .into(),
        parameters: of_new_ticket(vec![
            parameter("body", true, "Its first comment, which the requester reads"),
            parameter("requester_email", true, "Who is written to, by their e-mail"),
        ]),
        endpoint: api::SUPPORT.into(),
        target: Some("requester_email".into()),
    }
}

fn erase_customer() -> Action {
    Action {
        name: act::ERASE_CUSTOMER.into(),
        role: Role::erase("user"),
        grade: Grade::Natural,
        help: "Deletes a user for good; Zendesk refuses while a ticket of theirs is not closed".into(),
        parameters: vec![parameter("customer_id", true, "The user's id at Zendesk; never an agent's")],
        endpoint: api::SUPPORT.into(),
        target: Some("customer_id".into()),
    }
}
