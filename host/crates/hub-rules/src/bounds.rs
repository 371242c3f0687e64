//! What stands between an action and its being done, as far as that is known before: the provider's window for answers,
//! the values its operator has listed, what the connection lacks. Reads what connectors declare of it; holding rules
//! against it is `check`'s.

use serde::{Deserialize, Serialize};

use crate::value::parse_duration;

/// What provider and connection leave an action to do. Nothing said means nothing known, and nothing is claimed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listed: Option<Listed>,
    /// What the connection lacks to do it: each the place in hub.toml, and what is wrong there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
}

impl Bounds {
    /// Nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// How long after a customer's last message the provider still delivers this to them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    pub hours: u32,
    /// Where it is longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longer: Option<Longer>,
    /// The action, as rules name it, that may be done at any time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead: Option<String>,
}

/// A window for those who say that it is theirs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Longer {
    pub hours: u32,
    /// The parameter that is `true` then.
    pub param: String,
}

/// Values that belong together, listed by the operator: those of one row may be given to an action together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    /// The parameters, the one that is chosen first before the others.
    pub params: Vec<String>,
    /// Of each row a value for each parameter; where it ends early, any value goes.
    pub rows: Vec<Vec<String>>,
    /// Where the operator lists them.
    pub place: String,
}

/// What a connector declares of one action in its manifest's `extra`, and the connection it is declared for.
///
/// | Name | Value |
/// |---|---|
/// | `action.<name>.window` | `24h`: how long after the customer's last message it may be sent |
/// | `action.<name>.window.<parameter>` | `7d`: how long where this parameter is `true` |
/// | `action.<name>.instead` | the action of the same connector that may be sent at any time |
/// | `action.<name>.listed` | `<setting> <parameter>:<parameter>`: the setting lists what may be given, `a:b, c:d` |
/// | `action.<name>.needs` | settings it is not done without, `a, b` |
pub struct Declared<'d> {
    pub extra: &'d [(String, String)],
    /// As hub.toml names the connection.
    pub connection: &'d str,
    /// What stands before the names of its actions in rules.
    pub called: &'d str,
    /// The connection's settings, by name.
    pub setting: &'d dyn Fn(&str) -> Option<String>,
}

impl Declared<'_> {
    /// What holds for an action. What is not in the form above is not taken for anything.
    #[must_use]
    pub fn bounds(&self, action: &str) -> Bounds {
        let missing = self.of(action, "needs").into_iter().flat_map(pieces);
        let missing = missing.filter(|setting| (self.setting)(setting).is_none_or(|set| set.is_empty()));
        Bounds {
            window: self.window(action),
            listed: self.of(action, "listed").and_then(|listed| self.listed(listed)),
            missing: missing.map(|setting| format!("{} is not set", self.place(setting))).collect(),
        }
    }

    fn of(&self, action: &str, what: &str) -> Option<&str> {
        self.under(action, what).find_map(|(rest, value)| rest.is_empty().then_some(value))
    }

    /// What is declared under this name, by what follows it.
    fn under(&self, action: &str, what: &str) -> impl Iterator<Item = (&str, &str)> {
        let name = format!("action.{action}.{what}");
        self.extra
            .iter()
            .filter_map(move |(key, value)| Some((key.strip_prefix(name.as_str())?, value.as_str())))
    }

    fn window(&self, action: &str) -> Option<Window> {
        let longer = self.under(action, "window").find_map(|(rest, value)| {
            Some(Longer { param: rest.strip_prefix('.')?.to_owned(), hours: hours(value)? })
        });
        let instead = self.of(action, "instead").map(|instead| format!("{}.{instead}", self.called));
        Some(Window { hours: hours(self.of(action, "window")?)?, longer, instead })
    }

    fn listed(&self, declared: &str) -> Option<Listed> {
        let (setting, params) = declared.split_once(' ')?;
        let list = (self.setting)(setting)?;
        let rows: Vec<Vec<String>> = pieces(&list).map(columns).collect();
        // An empty list lists nothing; it forbids nothing.
        (!rows.is_empty()).then(|| Listed { params: columns(params), rows, place: self.place(setting) })
    }

    fn place(&self, setting: &str) -> String {
        format!("connections.{}.settings.{setting}", self.connection)
    }
}

fn pieces(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|piece| !piece.is_empty())
}

fn columns(row: &str) -> Vec<String> {
    row.split(':').map(|column| column.trim().to_owned()).collect()
}

/// Providers count in whole hours.
fn hours(written: &str) -> Option<u32> {
    const HOUR_NS: i64 = 3_600 * 1_000_000_000;
    let hours = parse_duration(written).ok()? / HOUR_NS;
    u32::try_from(hours).ok().filter(|hours| *hours > 0)
}
