use super::{check, is_id, is_version};
use crate::install::Abilities;
use crate::manifest::{
    Action, Auth, Dedupe, Encoding, Endpoint, Grade, Handshake, Hmac, Manifest, Role, Setting, SettingKind,
    Signature, SignedPart, Stream, Topic, Webhook,
};

const ALL: Abilities = Abilities { webhook: true, poll: true, action: true, subscription: true };

fn setting(key: &str, kind: SettingKind) -> Setting {
    Setting { key: key.into(), kind, required: true, default: None, help: String::new() }
}

fn tickets() -> Stream {
    Stream {
        name: "tickets".into(),
        help: String::new(),
        endpoint: "api".into(),
        schedule: "*/5 * * * *".into(),
    }
}

fn sound() -> Manifest {
    Manifest {
        id: "desk".into(),
        version: "1.2.3".into(),
        title: "Desk".into(),
        settings: vec![setting("user", SettingKind::Text), setting("key", SettingKind::Secret)],
        webhooks: vec![Webhook {
            signature: Signature::Hmac(Hmac {
                headers: vec!["X-Signature".into()],
                secret: "key".into(),
                signed: vec![SignedPart::Body],
                prefix: String::new(),
                encoding: Encoding::Hex,
                time: None,
                or_minified: false,
            }),
            dedupe: Dedupe::Body,
            topic: Topic::None,
            handshake: None,
            headers: vec!["x-topic".into()],
        }],
        endpoints: vec![Endpoint {
            name: "api".into(),
            purpose: String::new(),
            base_url: "https://desk.example".into(),
            paths: vec!["/".into()],
            auth: Auth::Basic("user".into(), "key".into()),
            rate: None,
        }],
        actions: vec![Action {
            name: "reply".into(),
            role: Role::Work,
            grade: Grade::Unsafe,
            help: String::new(),
            parameters: Vec::new(),
            endpoint: "api".into(),
            target: None,
        }],
        streams: vec![tickets()],
        extra: Vec::new(),
    }
}

/// Spoils a sound manifest and compares all problems, one per line.
#[track_caller]
fn check_problems(spoil: impl FnOnce(&mut Manifest), abilities: Abilities, expected: &[&str]) {
    let mut manifest = sound();
    spoil(&mut manifest);
    let problems: Vec<String> = check(&manifest, abilities).iter().map(ToString::to_string).collect();
    assert_eq!(problems, expected);
}

#[test]
fn a_sound_manifest_has_no_problem() {
    check_problems(|_| {}, ALL, &[]);
}

#[test]
fn every_problem_is_told_at_once() {
    check_problems(
        |manifest| {
            manifest.id = "../x".into();
            manifest.version = "1".into();
            manifest.streams.push(tickets());
            manifest.actions[0].target = Some("ticket".into());
            manifest.settings.retain(|setting| setting.kind == SettingKind::Text);
            manifest.endpoints.clear();
        },
        Abilities { poll: false, ..ALL },
        &[
            r#"the id "../x" is not 1 to 64 lower-case letters, digits and "-", beginning with a letter"#,
            r#"the version "1" is not a semantic version"#,
            r#"the stream "tickets" is declared twice"#,
            "the manifest has streams but the component does not export poll",
            r#"the signature names the secret "key", which is no setting of kind secret"#,
            r#"action "reply" names the endpoint "api", which is not declared"#,
            r#"stream "tickets" names the endpoint "api", which is not declared"#,
            r#"stream "tickets" names the endpoint "api", which is not declared"#,
            r#"action "reply" has the target "ticket", which is none of its parameters"#,
        ],
    );
}

#[test]
fn what_is_done_to_a_person_names_them() {
    check_problems(
        |manifest| manifest.actions[0].role = Role::Message("email".into()),
        ALL,
        &[r#"action "reply" writes to a person and has no target that names them"#],
    );
    check_problems(
        |manifest| manifest.actions[0].role = Role::Erase("customer".into()),
        ALL,
        &[r#"action "reply" erases a person and has no target that names them"#],
    );
}

#[test]
fn a_webhook_must_be_verifiable() {
    check_problems(
        |manifest| {
            let webhook = manifest.webhooks.first_mut().expect("it has one");
            webhook.handshake = Some(Handshake::Meta("user".into()));
            webhook.headers = vec!["X-Topic".into()];
            let Signature::Hmac(hmac) = &mut webhook.signature else { panic!("it is an hmac") };
            hmac.headers.clear();
            hmac.signed = vec![SignedPart::PublicUrl];
        },
        ALL,
        &[
            "the signature names no header that could carry it",
            "the signature does not cover the body",
            r#"the handshake names the secret "user", which is no setting of kind secret"#,
            r#"the wanted header "X-Topic" is not in lower case"#,
        ],
    );
}

#[test]
fn an_endpoint_names_declared_settings() {
    check_problems(
        |manifest| {
            manifest.endpoints[0].auth = Auth::Basic("who".into(), "user".into());
        },
        ALL,
        &[
            r#"endpoint "api" names the secret "user", which is no setting of kind secret"#,
            r#"endpoint "api" names the setting "who", which is not declared"#,
        ],
    );
}

#[test]
fn ids_and_versions_have_a_form() {
    for id in ["a", "shopify", "x-1"] {
        assert!(is_id(id), "{id}");
    }
    for id in ["", "1a", "A", "a b", "a/b", "-a", "ä", &"a".repeat(65)] {
        assert!(!is_id(id), "{id}");
    }
    for version in ["0.1.0", "10.20.30", "1.0.0-rc.1", "1.0.0+build.5"] {
        assert!(is_version(version), "{version}");
    }
    for version in ["", "1", "1.0", "1.0.0.0", "1..0", "v1.0.0", "1.0.0-\n", "1.0.x"] {
        assert!(!is_version(version), "{version}");
    }
}
