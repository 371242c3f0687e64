//! A template that Meta has approved: the only thing a business may send at any time.

use omnihub_plugin::meta::effect::{argument, optional};
use omnihub_plugin::{Effect, Failure};
use serde_json::{Map, Value, json};

use super::message::named;

pub(super) fn content(effect: &Effect) -> Result<Map<String, Value>, Failure> {
    let name = argument(effect, "name")?;
    let language = argument(effect, "language")?;
    let mut template = json!({"name": name, "language": {"code": language}});
    if let (Some(parameters), Value::Object(members)) = (optional(effect, "parameters"), &mut template) {
        members.insert("components".into(), json!([{"type": "body", "parameters": texts(parameters)}]));
    }
    Ok(named("template", template))
}

/// One a line, in the order of the template's places. Meta allows no line breaks in any of them; an empty line in the
/// middle stays one, so that the others keep their places and Meta says what is missing.
fn texts(parameters: &str) -> Vec<Value> {
    parameters.trim_end().lines().map(|text| json!({"type": "text", "text": text.trim()})).collect()
}
