//! Examples of requests and answers, made of the examples that the description gives for each member.

use serde_json::Value;

use super::{members, resolve};

/// Stands for the server that shows the page.
pub const SERVER: &str = "https://auth.example.com";

/// A request as `curl` sends it.
pub(super) fn request(document: &Value, method: &str, path: &str, operation: &Value) -> String {
    let body = &operation["requestBody"]["content"]["application/json"]["schema"];
    let implied = if body.is_null() { "get" } else { "post" };
    let named = if method == implied { String::new() } else { format!("-X {} ", method.to_uppercase()) };
    let mut lines = vec![match path.strip_suffix("{id}") {
        Some(path) => format!("curl -s {named}\"{SERVER}{path}$id\""),
        None => format!("curl -s {named}{SERVER}{path}"),
    }];
    if operation["security"].is_array() {
        lines.push(r#"-H "Authorization: Bearer $access_token""#.to_owned());
    }
    if !body.is_null() {
        lines.push("-H 'Content-Type: application/json'".to_owned());
        lines.push(format!("-d '{}'", written(document, body, 1)));
    }
    lines.join(" \\\n  ")
}

/// An answer: its status, the headers that belong to it, and its body.
pub(super) fn answer(document: &Value, status: &str, response: &Value) -> String {
    let headers = members(&response["headers"]).map(|(name, _)| format!("\n{name}: …"));
    let mut text = format!("HTTP/1.1 {status}{}", headers.collect::<String>());
    for (media_type, content) in members(&response["content"]) {
        let body = match &content["example"] {
            Value::Null => written(document, &content["schema"], 0),
            Value::String(text) => text.trim_end().to_owned(),
            example => json(example, 0),
        };
        text.push_str(&format!("\nContent-Type: {media_type}\n\n{body}"));
    }
    text
}

/// The document of a refusal, without the members that only some have.
pub(super) fn problem(document: &Value, schema: &Value) -> String {
    format!("HTTP/1.1 401\nContent-Type: application/problem+json\n\n{}", written(document, schema, 0))
}

/// The members of an object's schema in the order in which the server writes them: only `required` keeps it.
pub(super) fn ordered(schema: &Value) -> Vec<(&String, &Value)> {
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut ordered: Vec<_> = members(&schema["properties"]).collect();
    ordered.sort_by_key(|(name, _)| required.iter().position(|one| one == name).unwrap_or(required.len()));
    ordered
}

/// A value of this schema as JSON, of which the first line stands at `depth`.
fn written(document: &Value, schema: &Value, depth: usize) -> String {
    let schema = resolve(document, schema);
    if let Some(example) = example_of(schema) {
        return json(example, depth);
    }
    let inner = "  ".repeat(depth + 1);
    let end = "  ".repeat(depth);
    if schema["items"].is_object() {
        return format!("[\n{inner}{}\n{end}]", written(document, &schema["items"], depth + 1));
    }
    let is_shown = |name: &str, property: &Value| super::is_required(schema, name) || example_of(property).is_some();
    let lines: Vec<String> = ordered(schema)
        .into_iter()
        .filter(|(name, property)| is_shown(name, property))
        .map(|(name, property)| format!("{inner}\"{name}\": {}", written(document, property, depth + 1)))
        .collect();
    format!("{{\n{}\n{end}}}", lines.join(",\n"))
}

fn example_of(schema: &Value) -> Option<&Value> {
    schema.get("example").or_else(|| schema["examples"].get(0))
}

fn json(value: &Value, depth: usize) -> String {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.replace('\n', &format!("\n{}", "  ".repeat(depth)))
}
