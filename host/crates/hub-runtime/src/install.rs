//! From bytes to a [`Plugin`]: is it a component, may it import what it imports, which abilities does it export, what
//! does it say of itself. Everything that can be refused is refused here, before the first delivery.

use std::fmt;
use std::sync::Arc;

use wasmtime::component::{Component, InstancePre, Linker};

use crate::bindings::acts::{ActsIndices, ActsPre};
use crate::bindings::describes::DescribesPre;
use crate::bindings::enriches::EnricherPre;
use crate::bindings::polls::{PollsIndices, PollsPre};
use crate::bindings::receives::{ReceivesIndices, ReceivesPre};
use crate::bindings::subscribes::{SubscribesIndices, SubscribesPre};
use crate::call::Caller;
use crate::convert;
use crate::engine::Runtime;
use crate::guest_log::LogLevel;
use crate::limits::{COMPONENT_BYTES_MAX, MESSAGE_BYTES_MAX};
use crate::linker;
use crate::manifest::{self, Manifest, ManifestProblem};
use crate::outcome::CallError;
use crate::plain_text::plain;
use crate::state::CallState;

/// An installed component. Cheap to clone.
#[derive(Clone)]
pub struct Plugin {
    pub(crate) inner: Arc<Installed>,
}

pub(crate) struct Installed {
    pub(crate) caller: Caller,
    pub(crate) exports: Exports,
    kind: PluginKind,
}

/// What can be called, bound to the imports of its phase.
#[derive(Default)]
pub(crate) struct Exports {
    pub(crate) webhook: Option<ReceivesPre<CallState>>,
    pub(crate) poll: Option<PollsPre<CallState>>,
    pub(crate) action: Option<ActsPre<CallState>>,
    pub(crate) subscription: Option<SubscribesPre<CallState>>,
    pub(crate) enrich: Option<EnricherPre<CallState>>,
}

/// Who a log line or an error is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PluginName {
    pub id: Arc<str>,
    pub version: Arc<str>,
}

impl fmt::Display for PluginName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.id, self.version)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PluginKind {
    Connector(Box<Manifest>),
    Enricher,
}

/// Which interfaces a connector exports beside `describe`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Abilities {
    pub webhook: bool,
    pub poll: bool,
    pub action: bool,
    pub subscription: bool,
}

/// Why a component is not installed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    #[error("this is no WebAssembly component")]
    NotWebAssembly,
    #[error("this is a core WebAssembly module, not a component; `omnihub connector build` makes components")]
    CoreModule,
    #[error("the component has {bytes} bytes; at most {limit} are accepted")]
    TooLarge { bytes: usize, limit: usize },
    #[error("the component is not valid: {0}")]
    Invalid(String),
    #[error("the component imports {name}, which the hub does not offer")]
    UnknownImport { name: String },
    #[error("the component and the hub disagree about an import: {0}")]
    Import(String),
    #[error(
        "the component exports neither omnihub:connector/describe nor omnihub:enricher/enrich of version 0.1"
    )]
    NoInterface,
    #[error("the component's interface {name} is not the hub's: {message}")]
    Interface { name: &'static str, message: String },
    #[error("describing itself failed: {0}")]
    Describe(#[from] CallError),
    #[error("the manifest is refused: {}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Manifest { problems: Vec<ManifestProblem> },
}

impl Runtime {
    /// Compiles the component, or takes the compiled code from the cache, and asks it what it is. Blocks for as long
    /// as a compiler takes: not for threads that drive async tasks.
    ///
    /// # Errors
    /// Whatever is wrong with the component.
    pub fn install(&self, bytes: &[u8]) -> Result<Plugin, InstallError> {
        check_layer(bytes)?;
        let digest = blake3::hash(bytes);
        let mut caller = Caller::new(self.clone(), digest);
        let component = self.compiled(bytes, &digest, &caller.name)?;
        if let Some(name) = linker::unknown_import(&self.shared.engine, &component) {
            return Err(InstallError::UnknownImport { name: plain(&name, MESSAGE_BYTES_MAX) });
        }
        let pure = bound(&self.shared.pure, &component)?;
        if let Ok(describes) = DescribesPre::new(pure.clone()) {
            let exports = self.connector_exports(&pure, &component)?;
            let manifest = describe(&mut caller, &describes, &exports)?;
            return Ok(Plugin::new(caller, exports, PluginKind::Connector(Box::new(manifest))));
        }
        let enriches = EnricherPre::new(pure).map_err(|_| InstallError::NoInterface)?;
        introduce(&mut caller, &enriches)?;
        let exports = Exports { enrich: Some(enriches), ..Exports::default() };
        Ok(Plugin::new(caller, exports, PluginKind::Enricher))
    }

    fn compiled(
        &self,
        bytes: &[u8],
        digest: &blake3::Hash,
        name: &PluginName,
    ) -> Result<Component, InstallError> {
        let engine = &self.shared.engine;
        let cache = self.shared.cache.as_ref();
        if let Some(component) = cache.and_then(|cache| cache.load(engine, digest)) {
            return Ok(component);
        }
        let component =
            Component::from_binary(engine, bytes).map_err(|error| InstallError::Invalid(told(&error)))?;
        if let Some(Err(error)) = cache.map(|cache| cache.keep(engine, digest, &component)) {
            // The plugin works without; only the next start is slower.
            let reason = ("reason".to_owned(), error.to_string());
            self.shared.log.line(name, LogLevel::Warn, "compiled code could not be kept", &[reason]);
        }
        Ok(component)
    }

    fn connector_exports(
        &self,
        pure: &InstancePre<CallState>,
        component: &Component,
    ) -> Result<Exports, InstallError> {
        let mut exports = Exports { webhook: ReceivesPre::new(pure.clone()).ok(), ..Exports::default() };
        if PollsIndices::new(pure).is_ok()
            || ActsIndices::new(pure).is_ok()
            || SubscribesIndices::new(pure).is_ok()
        {
            let acting = bound(&self.shared.acting, component)?;
            exports.poll = PollsPre::new(acting.clone()).ok();
            exports.action = ActsPre::new(acting.clone()).ok();
            exports.subscription = SubscribesPre::new(acting).ok();
        }
        Ok(exports)
    }
}

impl Plugin {
    fn new(caller: Caller, exports: Exports, kind: PluginKind) -> Self {
        Self { inner: Arc::new(Installed { caller, exports, kind }) }
    }

    #[must_use]
    pub fn id(&self) -> &str {
        &self.inner.caller.name.id
    }

    #[must_use]
    pub fn version(&self) -> &str {
        &self.inner.caller.name.version
    }

    #[must_use]
    pub fn name(&self) -> &PluginName {
        &self.inner.caller.name
    }

    #[must_use]
    pub fn kind(&self) -> &PluginKind {
        &self.inner.kind
    }

    /// What a connector says of itself; an enricher has no manifest.
    #[must_use]
    pub fn manifest(&self) -> Option<&Manifest> {
        match &self.inner.kind {
            PluginKind::Connector(manifest) => Some(manifest),
            PluginKind::Enricher => None,
        }
    }

    /// BLAKE3 of the component's bytes.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        *self.inner.caller.digest.as_bytes()
    }

    #[must_use]
    pub fn digest_hex(&self) -> String {
        self.inner.caller.digest.to_hex().to_string()
    }

    #[must_use]
    pub fn abilities(&self) -> Abilities {
        self.inner.exports.abilities()
    }
}

impl Exports {
    fn abilities(&self) -> Abilities {
        Abilities {
            webhook: self.webhook.is_some(),
            poll: self.poll.is_some(),
            action: self.action.is_some(),
            subscription: self.subscription.is_some(),
        }
    }
}

/// The first eight bytes say what it is: `\0asm`, then 1 0 0 0 for a module and 13 0 1 0 for a component.
fn check_layer(bytes: &[u8]) -> Result<(), InstallError> {
    if bytes.len() > COMPONENT_BYTES_MAX {
        return Err(InstallError::TooLarge { bytes: bytes.len(), limit: COMPONENT_BYTES_MAX });
    }
    match bytes.first_chunk::<8>() {
        Some([0, b'a', b's', b'm', _, _, 1, 0]) => Ok(()),
        Some([0, b'a', b's', b'm', _, _, 0, 0]) => Err(InstallError::CoreModule),
        _ => Err(InstallError::NotWebAssembly),
    }
}

fn bound(linker: &Linker<CallState>, component: &Component) -> Result<InstancePre<CallState>, InstallError> {
    linker.instantiate_pre(component).map_err(|error| InstallError::Import(told(&error)))
}

/// Asks a connector for its manifest. The same instance shows whether the types of its other interfaces are ours.
fn describe(
    caller: &mut Caller,
    describes: &DescribesPre<CallState>,
    exports: &Exports,
) -> Result<Manifest, InstallError> {
    let (described, mismatch) =
        caller.describe(describes, |store, instance| mismatch(store, instance, exports))?;
    if let Some((name, message)) = mismatch {
        return Err(InstallError::Interface { name, message });
    }
    let manifest = convert::manifest::manifest(described);
    let problems = manifest::check(&manifest, exports.abilities());
    if !problems.is_empty() {
        return Err(InstallError::Manifest { problems });
    }
    caller.rename(&manifest.id, &manifest.version);
    Ok(manifest)
}

/// The first interface whose functions have other types than ours.
fn mismatch(
    store: &mut wasmtime::Store<CallState>,
    instance: &wasmtime::component::Instance,
    exports: &Exports,
) -> Option<(&'static str, String)> {
    let pre = instance.instance_pre(&*store);
    let webhook = exports.webhook.as_ref().map(|_| {
        ReceivesIndices::new(&pre).and_then(|indices| indices.load(&mut *store, instance)).map(drop)
    });
    let poll = exports
        .poll
        .as_ref()
        .map(|_| PollsIndices::new(&pre).and_then(|indices| indices.load(&mut *store, instance)).map(drop));
    let action = exports
        .action
        .as_ref()
        .map(|_| ActsIndices::new(&pre).and_then(|indices| indices.load(&mut *store, instance)).map(drop));
    let subscription = exports.subscription.as_ref().map(|_| {
        SubscribesIndices::new(&pre).and_then(|indices| indices.load(&mut *store, instance)).map(drop)
    });
    let loaded = [("webhook", webhook), ("poll", poll), ("action", action), ("subscription", subscription)];
    loaded.into_iter().find_map(|(name, loaded)| match loaded {
        Some(Err(error)) => Some((name, told(&error))),
        _ => None,
    })
}

/// Asks an enricher who it is.
fn introduce(caller: &mut Caller, enriches: &EnricherPre<CallState>) -> Result<(), InstallError> {
    let about = caller.introduce(enriches)?;
    let mut problems = Vec::new();
    if !manifest::is_id(&about.id) {
        problems.push(ManifestProblem::Id(plain(&about.id, MESSAGE_BYTES_MAX)));
    }
    if !manifest::is_version(&about.version) {
        problems.push(ManifestProblem::Version(plain(&about.version, MESSAGE_BYTES_MAX)));
    }
    if !problems.is_empty() {
        return Err(InstallError::Manifest { problems });
    }
    caller.rename(&about.id, &about.version);
    Ok(())
}

fn told(error: &wasmtime::Error) -> String {
    plain(&format!("{error:#}"), MESSAGE_BYTES_MAX)
}
