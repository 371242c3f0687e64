//! A manifest that cannot be meant is refused at install, with all its problems at once.

use std::collections::BTreeSet;

use super::{Auth, Handshake, Manifest, Role, Setting, SettingKind, Signature, SignedPart, Webhook};
use crate::install::Abilities;

/// One thing wrong with a manifest. Names are escaped: they come from the component.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestProblem {
    #[error("the id {0:?} is not 1 to 64 lower-case letters, digits and \"-\", beginning with a letter")]
    Id(String),
    #[error("the version {0:?} is not a semantic version")]
    Version(String),
    #[error("the {what} {name:?} is declared twice")]
    Twice { what: &'static str, name: String },
    #[error("{place} names the secret {name:?}, which is no setting of kind secret")]
    NoSuchSecret { place: String, name: String },
    #[error("{place} names the setting {name:?}, which is not declared")]
    NoSuchSetting { place: String, name: String },
    #[error("{place} names the endpoint {endpoint:?}, which is not declared")]
    NoSuchEndpoint { place: String, endpoint: String },
    #[error("action {action:?} has the target {target:?}, which is none of its parameters")]
    NoSuchParameter { action: String, target: String },
    #[error("action {action:?} {does} a person and has no target that names them")]
    NobodyNamed { action: String, does: &'static str },
    #[error("the wanted header {0:?} is not in lower case")]
    HeaderCase(String),
    #[error("the manifest has {declared} but the component does not export {interface}")]
    NotExported { declared: &'static str, interface: &'static str },
    #[error("the signature names no header that could carry it")]
    NoSignatureHeader,
    #[error("the signature does not cover the body")]
    BodyNotSigned,
}

pub(crate) fn check(manifest: &Manifest, abilities: Abilities) -> Vec<ManifestProblem> {
    let mut problems = Vec::new();
    if !is_id(&manifest.id) {
        problems.push(ManifestProblem::Id(manifest.id.clone()));
    }
    if !is_version(&manifest.version) {
        problems.push(ManifestProblem::Version(manifest.version.clone()));
    }
    check_twice(&mut problems, "setting", manifest.settings.iter().map(|setting| &setting.key));
    check_twice(&mut problems, "endpoint", manifest.endpoints.iter().map(|endpoint| &endpoint.name));
    check_twice(&mut problems, "action", manifest.actions.iter().map(|action| &action.name));
    check_twice(&mut problems, "stream", manifest.streams.iter().map(|stream| &stream.name));
    check_abilities(&mut problems, manifest, abilities);
    for webhook in &manifest.webhooks {
        check_webhook(&mut problems, &manifest.settings, webhook);
    }
    check_endpoints(&mut problems, manifest);
    problems
}

/// Ids stand in paths, metrics and rules.
pub(crate) fn is_id(id: &str) -> bool {
    id.len() <= 64
        && id.starts_with(|first: char| first.is_ascii_lowercase())
        && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// `1.2.3`, with what may follow after "-" or "+".
pub(crate) fn is_version(version: &str) -> bool {
    let (core, rest) = match version.find(['-', '+']) {
        Some(at) => version.split_at(at),
        None => (version, ""),
    };
    let numbers: Vec<&str> = core.split('.').collect();
    version.len() <= 64
        && numbers.len() == 3
        && numbers.iter().all(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
        && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-+".contains(&byte))
}

fn check_twice<'a>(
    problems: &mut Vec<ManifestProblem>,
    what: &'static str,
    names: impl Iterator<Item = &'a String>,
) {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            problems.push(ManifestProblem::Twice { what, name: name.clone() });
        }
    }
}

fn check_abilities(problems: &mut Vec<ManifestProblem>, manifest: &Manifest, abilities: Abilities) {
    let pairs = [
        (!manifest.webhooks.is_empty(), abilities.webhook, "a webhook", "webhook"),
        (!manifest.streams.is_empty(), abilities.poll, "streams", "poll"),
        (!manifest.actions.is_empty(), abilities.action, "actions", "action"),
    ];
    for (is_declared, is_exported, declared, interface) in pairs {
        if is_declared && !is_exported {
            problems.push(ManifestProblem::NotExported { declared, interface });
        }
    }
}

fn check_webhook(problems: &mut Vec<ManifestProblem>, settings: &[Setting], webhook: &Webhook) {
    match &webhook.signature {
        Signature::StandardWebhooks(secret) => check_secret(problems, settings, "the signature", secret),
        Signature::Hmac(hmac) => {
            check_secret(problems, settings, "the signature", &hmac.secret);
            if hmac.headers.is_empty() {
                problems.push(ManifestProblem::NoSignatureHeader);
            }
            if !hmac.signed.contains(&SignedPart::Body) {
                problems.push(ManifestProblem::BodyNotSigned);
            }
        }
    }
    if let Some(Handshake::Meta(token)) = &webhook.handshake {
        check_secret(problems, settings, "the handshake", token);
    }
    for header in &webhook.headers {
        if header.bytes().any(|byte| byte.is_ascii_uppercase()) {
            problems.push(ManifestProblem::HeaderCase(header.clone()));
        }
    }
}

fn check_endpoints(problems: &mut Vec<ManifestProblem>, manifest: &Manifest) {
    for endpoint in &manifest.endpoints {
        let place = format!("endpoint {:?}", endpoint.name);
        match &endpoint.auth {
            Auth::None => {}
            Auth::Bearer(secret) | Auth::Header(_, secret) => {
                check_secret(problems, &manifest.settings, &place, secret);
            }
            Auth::Basic(user, secret) => {
                check_secret(problems, &manifest.settings, &place, secret);
                if !manifest.settings.iter().any(|setting| &setting.key == user) {
                    problems.push(ManifestProblem::NoSuchSetting { place, name: user.clone() });
                }
            }
        }
    }
    let actions = manifest.actions.iter().map(|action| ("action", &action.name, &action.endpoint));
    let streams = manifest.streams.iter().map(|stream| ("stream", &stream.name, &stream.endpoint));
    for (what, name, endpoint) in actions.chain(streams) {
        if !manifest.endpoints.iter().any(|declared| declared.name == *endpoint) {
            let (place, endpoint) = (format!("{what} {name:?}"), endpoint.clone());
            problems.push(ManifestProblem::NoSuchEndpoint { place, endpoint });
        }
    }
    for action in &manifest.actions {
        if let Some(target) = &action.target
            && !action.parameters.iter().any(|parameter| &parameter.name == target)
        {
            let (action, target) = (action.name.clone(), target.clone());
            problems.push(ManifestProblem::NoSuchParameter { action, target });
        }
        let does = match action.role {
            Role::Work => None,
            Role::Message(_) => Some("writes to"),
            Role::Erase(_) => Some("erases"),
        };
        if let (Some(does), None) = (does, &action.target) {
            problems.push(ManifestProblem::NobodyNamed { action: action.name.clone(), does });
        }
    }
}

fn check_secret(problems: &mut Vec<ManifestProblem>, settings: &[Setting], place: &str, name: &str) {
    let is_secret = |setting: &Setting| setting.key == name && setting.kind == SettingKind::Secret;
    if !settings.iter().any(is_secret) {
        problems.push(ManifestProblem::NoSuchSecret { place: place.to_owned(), name: name.to_owned() });
    }
}

#[cfg(test)]
mod tests;
