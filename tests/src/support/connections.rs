//! The six connections of the demo and the tests, as an operator would write them into hub.toml: bound to the simulated
//! providers, their secrets in the child's environment.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::Context as _;

/// How a provider signs what it delivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    Shopify,
    Zendesk,
    Meta,
    Square,
}

/// One connection; its connector has the same name.
#[derive(Clone, Copy, Debug)]
pub struct Connection {
    pub name: &'static str,
    pub scheme: Scheme,
    /// Whether its accounts are people: stock is nobody's.
    pub knows_people: bool,
    endpoints: &'static [&'static str],
    /// Where the simulator plays this provider.
    provider: &'static str,
    settings: &'static [(&'static str, &'static str)],
    has_verify_token: bool,
}

pub const SHOPIFY: &str = "shopify";
pub const ZENDESK: &str = "zendesk";
pub const INSTAGRAM: &str = "instagram";
pub const WHATSAPP: &str = "whatsapp";
pub const INVENTORY: &str = "inventory";
pub const LOYALTY: &str = "loyalty";

/// The shop all of this is about; it does not exist.
pub const SHOP_DOMAIN: &str = "alder-and-finch.myshopify.com";
/// Its professional account on Instagram.
pub const INSTAGRAM_ACCOUNT: &str = "17841400000000001";
/// Its business phone on WhatsApp.
pub const WHATSAPP_PHONE_NUMBER: &str = "106540000000001";

/// What providers were told to call. Square signs it, so it is part of the story, not of where the hub listens.
const PUBLIC_URL: &str = "https://hub.alder-and-finch.example";

const CONNECTIONS: [Connection; 6] = [
    Connection {
        name: SHOPIFY,
        scheme: Scheme::Shopify,
        knows_people: true,
        endpoints: &["admin"],
        provider: "shopify",
        settings: &[("shop", SHOP_DOMAIN)],
        has_verify_token: false,
    },
    Connection {
        name: ZENDESK,
        scheme: Scheme::Zendesk,
        knows_people: true,
        endpoints: &["support", "export"],
        provider: "zendesk",
        settings: &[("subdomain", "alder-and-finch"), ("api_user", "hub@alder-and-finch.example/token")],
        has_verify_token: false,
    },
    Connection {
        name: INSTAGRAM,
        scheme: Scheme::Meta,
        knows_people: true,
        endpoints: &["graph"],
        provider: "graph",
        settings: &[("account_id", INSTAGRAM_ACCOUNT)],
        has_verify_token: true,
    },
    Connection {
        name: WHATSAPP,
        scheme: Scheme::Meta,
        knows_people: true,
        endpoints: &["graph"],
        provider: "graph",
        settings: &[("phone_number_id", WHATSAPP_PHONE_NUMBER)],
        has_verify_token: true,
    },
    Connection {
        name: INVENTORY,
        scheme: Scheme::Square,
        knows_people: false,
        endpoints: &["square"],
        provider: "square",
        settings: &[],
        has_verify_token: false,
    },
    Connection {
        name: LOYALTY,
        scheme: Scheme::Square,
        knows_people: true,
        endpoints: &["square"],
        provider: "square",
        settings: &[],
        has_verify_token: false,
    },
];

/// All six.
#[must_use]
pub fn all() -> &'static [Connection] {
    &CONNECTIONS
}

/// The connection of this name.
#[must_use]
pub fn named(name: &str) -> Option<&'static Connection> {
    CONNECTIONS.iter().find(|connection| connection.name == name)
}

impl Connection {
    /// What signs its deliveries. Invented, and worth nothing outside a scratch directory.
    #[must_use]
    pub fn webhook_secret(&self) -> String {
        format!("{}-signs-with-this", self.name)
    }

    /// The address Square signs with the body.
    #[must_use]
    pub fn public_url(&self) -> String {
        format!("{PUBLIC_URL}/hooks/{}", self.name)
    }

    /// What its provider shows when it asks whether the address is ours.
    #[must_use]
    pub fn verify_token(&self) -> Option<String> {
        self.has_verify_token.then(|| format!("{}-shakes-hands-with-this", self.name))
    }

    fn secrets(&self) -> Vec<(&'static str, String)> {
        let mut secrets = vec![
            ("webhook_secret", self.webhook_secret()),
            ("api_token", format!("{}-lets-in-with-this", self.name)),
        ];
        secrets.extend(self.verify_token().map(|token| ("verify_token", token)));
        secrets
    }

    fn variable(&self, secret: &str) -> String {
        format!("HUB_TESTS_{}_{}", self.name.to_uppercase(), secret.to_uppercase())
    }

    fn write(&self, toml: &mut String, provider_url: &str) {
        let Self { name, provider, .. } = self;
        // Writing to a string cannot fail.
        _ = writeln!(toml, "\n[connections.{name}]\nconnector = {}", quoted(name));
        _ = writeln!(toml, "[connections.{name}.settings]");
        for (key, value) in self.settings {
            _ = writeln!(toml, "{key} = {}", quoted(value));
        }
        _ = writeln!(toml, "[connections.{name}.secrets]");
        for (secret, _) in self.secrets() {
            _ = writeln!(toml, "{secret} = {}", quoted(&format!("env:{}", self.variable(secret))));
        }
        for endpoint in self.endpoints {
            let base_url = quoted(&format!("{provider_url}/{provider}"));
            _ = writeln!(toml, "[connections.{name}.endpoints.{endpoint}]");
            _ = writeln!(toml, "base_url = {base_url}\nallow_private = true");
        }
    }
}

/// What the child's environment holds, by name.
#[must_use]
pub fn environment() -> Vec<(String, String)> {
    let secrets = CONNECTIONS.iter().flat_map(|connection| {
        connection.secrets().into_iter().map(|(secret, value)| (connection.variable(secret), value))
    });
    secrets.collect()
}

/// hub.toml for all six.
#[must_use]
pub fn configuration(simulator_url: &str, components: &Path, listen: Listen) -> String {
    let mut toml = format!(
        "data_dir = \"data\"\nplugins_dir = {plugins}\nrules_dir = \"rules\"\n\n\
         [ingress]\nlisten = {ingress}\npublic_url = {public}\n\n\
         [admin]\nlisten = {admin}\n\n\
         [processing]\nretry_delays = [1, 2]\n\n\
         [effects]\nretry_delay = 1\n\n\
         [polling]\non = false\n",
        plugins = quoted(&components.to_string_lossy()),
        ingress = quoted(&listen.ingress.to_string()),
        public = quoted(PUBLIC_URL),
        admin = quoted(&listen.admin.to_string()),
    );
    for connection in &CONNECTIONS {
        connection.write(&mut toml, simulator_url);
    }
    toml
}

/// A key of hub.toml, with dots between tables, and its value.
pub type Change = (String, toml::Value);

/// For tests of what is delivered: nothing else comes in, because no stream is read and no provider answers.
#[must_use]
pub fn left_alone() -> Vec<Change> {
    /// Reserved since 1983 (RFC 863, "discard"), and served by nobody.
    const NOBODY: &str = "http://127.0.0.1:9";
    let endpoints = CONNECTIONS.iter().flat_map(|Connection { name, endpoints, .. }| {
        endpoints
            .iter()
            .map(move |endpoint| (format!("connections.{name}.endpoints.{endpoint}.base_url"), NOBODY.into()))
    });
    endpoints.chain([("polling.on".to_owned(), false.into())]).collect()
}

/// The configuration with some keys set otherwise.
///
/// # Errors
/// It is no TOML, or a key leads through something that is no table.
pub fn changed(configuration: &str, changes: &[Change]) -> anyhow::Result<String> {
    let mut root: toml::Table = configuration.parse().context("the configuration is no TOML")?;
    for (path, value) in changes {
        let (tables, key) = path.rsplit_once('.').unwrap_or(("", path));
        let mut table = &mut root;
        for name in tables.split('.').filter(|name| !name.is_empty()) {
            let below = table.entry(name).or_insert_with(|| toml::Value::Table(toml::Table::new()));
            table = below.as_table_mut().with_context(|| format!("{name} of {path} is no table"))?;
        }
        table.insert(key.to_owned(), value.clone());
    }
    Ok(root.to_string())
}

/// Where the hub listens; port 0 takes a free one.
#[derive(Clone, Copy, Debug)]
pub struct Listen {
    pub ingress: SocketAddr,
    pub admin: SocketAddr,
}

impl Default for Listen {
    fn default() -> Self {
        let any = SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, 0));
        Self { ingress: any, admin: any }
    }
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
