//! What `describe` said, as plain data. Words for people are made harmless here, once.

use crate::bindings::describes::exports::omnihub::connector::describe as wit;
use crate::limits::REASON_BYTES_MAX;
use crate::manifest as ours;
use crate::plain_text::plain;

pub(crate) fn manifest(said: wit::Manifest) -> ours::Manifest {
    ours::Manifest {
        id: said.id,
        version: said.version,
        title: words(&said.title),
        settings: said.settings.into_iter().map(setting).collect(),
        webhooks: said.webhooks.into_iter().map(webhook).collect(),
        endpoints: said.endpoints.into_iter().map(endpoint).collect(),
        actions: said.actions.into_iter().map(action).collect(),
        streams: said.streams.into_iter().map(stream).collect(),
        extra: said.extra,
    }
}

fn setting(said: wit::Setting) -> ours::Setting {
    ours::Setting {
        key: said.key,
        kind: match said.kind {
            wit::SettingKind::Text => ours::SettingKind::Text,
            wit::SettingKind::Number => ours::SettingKind::Number,
            wit::SettingKind::Boolean => ours::SettingKind::Boolean,
            wit::SettingKind::Url => ours::SettingKind::Url,
            wit::SettingKind::Secret => ours::SettingKind::Secret,
        },
        required: said.required,
        default: said.default,
        help: words(&said.help),
    }
}

fn webhook(said: wit::Webhook) -> ours::Webhook {
    ours::Webhook {
        signature: match said.signature {
            wit::Signature::Hmac(said) => ours::Signature::Hmac(hmac(said)),
            wit::Signature::StandardWebhooks(secret) => ours::Signature::StandardWebhooks(secret),
        },
        dedupe: match said.dedupe {
            wit::Dedupe::Header(headers) => ours::Dedupe::Header(headers),
            wit::Dedupe::JsonPointer(pointer) => ours::Dedupe::JsonPointer(pointer),
            wit::Dedupe::Body => ours::Dedupe::Body,
        },
        topic: match said.topic {
            wit::Topic::Header(headers) => ours::Topic::Header(headers),
            wit::Topic::JsonPointer(pointer) => ours::Topic::JsonPointer(pointer),
            wit::Topic::None => ours::Topic::None,
        },
        handshake: said.handshake.map(|wit::Handshake::Meta(token)| ours::Handshake::Meta(token)),
        headers: said.headers,
    }
}

fn hmac(said: wit::Hmac) -> ours::Hmac {
    ours::Hmac {
        headers: said.headers,
        secret: said.secret,
        signed: said.signed.into_iter().map(signed_part).collect(),
        prefix: said.prefix,
        encoding: match said.encoding {
            wit::Encoding::Base64 => ours::Encoding::Base64,
            wit::Encoding::Hex => ours::Encoding::Hex,
        },
        time: said.time.map(|time| ours::SignedTime {
            header: time.header,
            format: match time.format {
                wit::TimeFormat::Rfc3339 => ours::TimeFormat::Rfc3339,
                wit::TimeFormat::UnixSeconds => ours::TimeFormat::UnixSeconds,
            },
            tolerance: time.tolerance,
        }),
        or_minified: said.or_minified,
    }
}

fn signed_part(said: wit::SignedPart) -> ours::SignedPart {
    match said {
        wit::SignedPart::Body => ours::SignedPart::Body,
        wit::SignedPart::Header(header) => ours::SignedPart::Header(header),
        wit::SignedPart::PublicUrl => ours::SignedPart::PublicUrl,
        wit::SignedPart::Literal(text) => ours::SignedPart::Literal(text),
    }
}

fn endpoint(said: wit::Endpoint) -> ours::Endpoint {
    ours::Endpoint {
        name: said.name,
        purpose: words(&said.purpose),
        base_url: said.base_url,
        paths: said.paths,
        auth: match said.auth {
            wit::Auth::None => ours::Auth::None,
            wit::Auth::Bearer(secret) => ours::Auth::Bearer(secret),
            wit::Auth::Header((header, secret)) => ours::Auth::Header(header, secret),
            wit::Auth::Basic((user, secret)) => ours::Auth::Basic(user, secret),
        },
        rate: said.rate.map(|rate| ours::Rate { per_minute: rate.per_minute, burst: rate.burst }),
    }
}

fn action(said: wit::Action) -> ours::Action {
    ours::Action {
        name: said.name,
        role: match said.role {
            wit::Role::Work => ours::Role::Work,
            wit::Role::Message(channel) => ours::Role::Message(channel),
            wit::Role::Erase(scope) => ours::Role::Erase(scope),
        },
        grade: match said.grade {
            wit::Grade::Keyed => ours::Grade::Keyed,
            wit::Grade::Probed => ours::Grade::Probed,
            wit::Grade::Natural => ours::Grade::Natural,
            wit::Grade::Unsafe => ours::Grade::Unsafe,
        },
        help: words(&said.help),
        parameters: said.parameters.into_iter().map(parameter).collect(),
        endpoint: said.endpoint,
        target: said.target,
    }
}

fn stream(said: wit::Stream) -> ours::Stream {
    ours::Stream {
        name: said.name,
        help: words(&said.help),
        endpoint: said.endpoint,
        schedule: said.schedule,
    }
}

fn parameter(said: wit::Parameter) -> ours::Parameter {
    ours::Parameter { name: said.name, required: said.required, help: words(&said.help) }
}

fn words(text: &str) -> String {
    plain(text, REASON_BYTES_MAX)
}
