//! Write a connector for OmniHub: implement [`Connector`], name it in [`connector!`], build for
//! `wasm32-unknown-unknown`. The README beside this crate is the tour; `plugins/echo` is the smallest example.
//!
//! Owns the author's view of `wit/`: the generated types under short names, constructors for their many optional
//! fields, and exact readers for ids, money and times ([`exact`]). It never talks to a provider.

pub mod answer;
#[doc(hidden)]
pub mod bindings;
mod build;
pub mod dated;
mod delivery;
mod enricher;
pub mod erasure;
pub mod exact;
pub mod host;
pub mod lenient;
pub mod members;
pub mod meta;
pub mod square;
pub mod testing;

pub use bindings::acts::exports::omnihub::connector::action::{Effect, Receipt};
pub use bindings::describes::exports::omnihub::connector::describe::{
    Action, Auth, Dedupe, Encoding, Endpoint, Grade, Handshake, Hmac, Manifest, Parameter, Rate, Role,
    Setting, SettingKind, Signature, SignedPart, SignedTime, Stream, TimeFormat, Topic, Webhook,
};
pub use bindings::describes::omnihub::types::types as model;
pub use bindings::describes::omnihub::types::types::{Event, Failure, Header, Note, Payload, Remark, Report};
pub use bindings::polls::exports::omnihub::connector::poll::{Page, Position};
pub use bindings::receives::exports::omnihub::connector::webhook::Delivery;
pub use bindings::subscribes::exports::omnihub::connector::subscription::{Standing, Subscribed, Wanted};
pub use enricher::{Cue, Enricher, Finding, Intent, Text};

/// One provider's connector. Every ability has a default that says it is missing, so implement what the provider
/// has and list exactly those abilities in [`connector!`].
///
/// The host makes a fresh instance for every call: nothing kept in statics survives, see [`host::state`].
pub trait Connector {
    /// What the connector is and what it asks for. Called when the component is installed; pure.
    fn describe() -> Manifest;

    /// Turns one delivery with a checked signature into events. Pure: no clock, no network.
    ///
    /// # Errors
    /// [`Failure::Rejected`] when the body as a whole cannot be understood: the host keeps and parks the delivery.
    /// A single bad item is a [`Note`] beside the events of the others.
    fn normalise(_delivery: Delivery) -> Result<Report, Failure> {
        Err(Failure::Unsupported("normalise".into()))
    }

    /// Reads one page of a stream.
    ///
    /// # Errors
    /// Any [`Failure`]; the host comes back with the same position.
    fn poll(_position: Position) -> Result<Page, Failure> {
        Err(Failure::Unsupported("poll".into()))
    }

    /// Performs one effect. It may be called again for the same effect; `attempt` and `uncertain` say so.
    ///
    /// # Errors
    /// Any [`Failure`]; [`Failure::OutcomeUnknown`] when the request may have been carried out.
    fn perform(_effect: Effect) -> Result<Receipt, Failure> {
        Err(Failure::Unsupported("perform".into()))
    }

    /// Looks whether the provider still delivers to us, and subscribes again where it lets us and that is wanted.
    ///
    /// # Errors
    /// Any [`Failure`]; the host looks again later.
    fn check(_wanted: Wanted) -> Result<Vec<Subscribed>, Failure> {
        Err(Failure::Unsupported("check".into()))
    }
}

impl<T: Connector> bindings::describes::exports::omnihub::connector::describe::Guest for T {
    fn describe() -> Manifest {
        T::describe()
    }
}

impl<T: Connector> bindings::receives::exports::omnihub::connector::webhook::Guest for T {
    fn normalise(delivery: Delivery) -> Result<Report, Failure> {
        T::normalise(delivery)
    }
}

impl<T: Connector> bindings::polls::exports::omnihub::connector::poll::Guest for T {
    fn poll(position: Position) -> Result<Page, Failure> {
        T::poll(position)
    }
}

impl<T: Connector> bindings::acts::exports::omnihub::connector::action::Guest for T {
    fn perform(effect: Effect) -> Result<Receipt, Failure> {
        T::perform(effect)
    }
}

impl<T: Connector> bindings::subscribes::exports::omnihub::connector::subscription::Guest for T {
    fn check(wanted: Wanted) -> Result<Vec<Subscribed>, Failure> {
        T::check(wanted)
    }
}

/// Exports a [`Connector`] from the component with the abilities it has: `connector!(Echo: webhook, action);`.
/// `describe` is always exported. On other targets it does nothing, so that connectors can be tested natively.
#[macro_export]
macro_rules! connector {
    ($connector:ident $(: $($ability:ident),+)?) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            $crate::bindings::describes::export!($connector with_types_in $crate::bindings::describes);
            $($($crate::connector!(@ability $connector, $ability);)+)?
        };
    };
    (@ability $connector:ident, webhook) => {
        $crate::bindings::receives::export!($connector with_types_in $crate::bindings::receives);
    };
    (@ability $connector:ident, poll) => {
        $crate::bindings::polls::export!($connector with_types_in $crate::bindings::polls);
    };
    (@ability $connector:ident, action) => {
        $crate::bindings::acts::export!($connector with_types_in $crate::bindings::acts);
    };
    (@ability $connector:ident, subscription) => {
        $crate::bindings::subscribes::export!($connector with_types_in $crate::bindings::subscribes);
    };
}
