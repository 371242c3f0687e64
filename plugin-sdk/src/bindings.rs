//! What wit-bindgen makes of `wit/`: one module per ability, sharing the types and host imports of the first.
//! Never used directly: `lib.rs` names what is public.

pub mod describes {
    wit_bindgen::generate!({
        path: ["../wit/types", "../wit/host", "../wit/connector"],
        world: "omnihub:connector/describes",
        pub_export_macro: true,
        additional_derives: [PartialEq],
        default_bindings_module: "omnihub_plugin::bindings::describes",
        generate_all,
    });
}

pub mod receives {
    wit_bindgen::generate!({
        path: ["../wit/types", "../wit/host", "../wit/connector"],
        world: "omnihub:connector/receives",
        pub_export_macro: true,
        additional_derives: [PartialEq],
        default_bindings_module: "omnihub_plugin::bindings::receives",
        with: {
            "omnihub:types/types@0.1.0": super::describes::omnihub::types::types,
            "omnihub:host/log@0.1.0": super::describes::omnihub::host::log,
            "omnihub:host/config@0.1.0": super::describes::omnihub::host::config,
            "omnihub:host/state@0.1.0": super::describes::omnihub::host::state,
            "omnihub:host/http@0.1.0": super::describes::omnihub::host::http,
        },
    });
}

pub mod polls {
    wit_bindgen::generate!({
        path: ["../wit/types", "../wit/host", "../wit/connector"],
        world: "omnihub:connector/polls",
        pub_export_macro: true,
        additional_derives: [PartialEq],
        default_bindings_module: "omnihub_plugin::bindings::polls",
        with: {
            "omnihub:types/types@0.1.0": super::describes::omnihub::types::types,
            "omnihub:host/log@0.1.0": super::describes::omnihub::host::log,
            "omnihub:host/config@0.1.0": super::describes::omnihub::host::config,
            "omnihub:host/state@0.1.0": super::describes::omnihub::host::state,
            "omnihub:host/http@0.1.0": super::describes::omnihub::host::http,
        },
    });
}

pub mod acts {
    wit_bindgen::generate!({
        path: ["../wit/types", "../wit/host", "../wit/connector"],
        world: "omnihub:connector/acts",
        pub_export_macro: true,
        additional_derives: [PartialEq],
        default_bindings_module: "omnihub_plugin::bindings::acts",
        with: {
            "omnihub:types/types@0.1.0": super::describes::omnihub::types::types,
            "omnihub:host/log@0.1.0": super::describes::omnihub::host::log,
            "omnihub:host/config@0.1.0": super::describes::omnihub::host::config,
            "omnihub:host/state@0.1.0": super::describes::omnihub::host::state,
            "omnihub:host/http@0.1.0": super::describes::omnihub::host::http,
        },
    });
}

pub mod subscribes {
    wit_bindgen::generate!({
        path: ["../wit/types", "../wit/host", "../wit/connector"],
        world: "omnihub:connector/subscribes",
        pub_export_macro: true,
        additional_derives: [PartialEq],
        default_bindings_module: "omnihub_plugin::bindings::subscribes",
        with: {
            "omnihub:types/types@0.1.0": super::describes::omnihub::types::types,
            "omnihub:host/log@0.1.0": super::describes::omnihub::host::log,
            "omnihub:host/config@0.1.0": super::describes::omnihub::host::config,
            "omnihub:host/state@0.1.0": super::describes::omnihub::host::state,
            "omnihub:host/http@0.1.0": super::describes::omnihub::host::http,
        },
    });
}

pub mod enriches {
    wit_bindgen::generate!({
        path: ["../wit/types", "../wit/host", "../wit/enricher"],
        world: "omnihub:enricher/enricher",
        pub_export_macro: true,
        additional_derives: [PartialEq],
        default_bindings_module: "omnihub_plugin::bindings::enriches",
        with: {
            "omnihub:types/types@0.1.0": super::describes::omnihub::types::types,
            "omnihub:host/log@0.1.0": super::describes::omnihub::host::log,
        },
    });
}
