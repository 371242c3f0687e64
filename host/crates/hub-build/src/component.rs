//! A core module with embedded interface types becomes a component, in this process.

use wit_component::ComponentEncoder;

/// Why the module is no component.
#[derive(Debug, thiserror::Error)]
#[error("the module cannot become a component: {0}; does the crate call `omnihub_plugin::connector!`?")]
pub struct ComponentError(String);

/// The component of a core module built with the SDK. A module that already is a component comes back as it is.
///
/// # Errors
/// The module exports no interface of the contract or is not WebAssembly.
pub fn component_from_module(module: &[u8]) -> Result<Vec<u8>, ComponentError> {
    // Byte 6 of the preamble is the layer: 0 a module, 1 a component (component-model Binary.md).
    if module.get(6) == Some(&1) {
        return Ok(module.to_vec());
    }
    let failed = |error| ComponentError(format!("{error:#}"));
    ComponentEncoder::default().validate(true).module(module).map_err(failed)?.encode().map_err(failed)
}
