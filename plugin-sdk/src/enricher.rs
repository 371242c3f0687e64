//! The other kind of plugin: one that says what a text means. See `wit/enricher`.

pub use crate::bindings::enriches::exports::omnihub::enricher::enrich::{Cue, Finding, Intent, Text};

/// Says what texts mean. Pure: same input, same output; no host call but the log.
pub trait Enricher {
    /// The enricher's id (lower case, digits and `-`) and semantic version.
    fn describe() -> (&'static str, &'static str);

    /// One finding per text, in their order.
    fn enrich(texts: Vec<Text>) -> Vec<Finding>;
}

/// Exports an [`Enricher`](crate::Enricher) from the component. On other targets it does nothing.
#[macro_export]
macro_rules! enricher {
    ($enricher:ty) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            struct Exported;
            impl $crate::bindings::enriches::exports::omnihub::enricher::enrich::Guest for Exported {
                fn describe() -> $crate::bindings::enriches::exports::omnihub::enricher::enrich::About {
                    let (id, version) = <$enricher as $crate::Enricher>::describe();
                    $crate::bindings::enriches::exports::omnihub::enricher::enrich::About {
                        id: id.into(),
                        version: version.into(),
                    }
                }
                fn enrich(texts: Vec<$crate::Text>) -> Vec<$crate::Finding> {
                    <$enricher as $crate::Enricher>::enrich(texts)
                }
            }
    $crate::bindings::enriches::export!(Exported with_types_in $crate::bindings::enriches);
        };
    };
}
