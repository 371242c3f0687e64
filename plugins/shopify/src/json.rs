//! Writing small JSON objects. `serde_json::Value` could, but brings along maps and how floats are written, and nothing here
//! needs either.

/// An object under way.
#[derive(Debug)]
pub(crate) struct Object(String);

impl Object {
    pub(crate) fn new() -> Self {
        Self("{".to_owned())
    }

    pub(crate) fn text(self, name: &str, value: &str) -> Self {
        self.member(name, &quoted(value))
    }

    /// `null` where there is none.
    pub(crate) fn maybe(self, name: &str, value: Option<&str>) -> Self {
        let value = value.map_or_else(|| "null".to_owned(), quoted);
        self.member(name, &value)
    }

    pub(crate) fn number(self, name: &str, value: u64) -> Self {
        self.member(name, &value.to_string())
    }

    pub(crate) fn list_of_one(self, name: &str, value: &str) -> Self {
        self.member(name, &format!("[{}]", quoted(value)))
    }

    pub(crate) fn object(self, name: &str, value: Self) -> Self {
        self.member(name, &value.end())
    }

    fn member(mut self, name: &str, value: &str) -> Self {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0.push_str(&quoted(name));
        self.0.push(':');
        self.0.push_str(value);
        self
    }

    pub(crate) fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

fn quoted(text: &str) -> String {
    // A text is always JSON.
    serde_json::to_string(text).unwrap_or_default()
}
