//! Rust twins of `wit/`, generated. One world per ability, all over the types and imports of the first.

pub(crate) mod describes {
    wasmtime::component::bindgen!({
        path: ["../../../wit/types", "../../../wit/host", "../../../wit/connector"],
        world: "omnihub:connector/describes",
        // Sending requests is async, so the store must be able to move between threads.
        require_store_data_send: true,
        imports: {
            "omnihub:host/http.send": async | trappable,
            default: trappable,
        },
    });
}

pub(crate) mod receives {
    wasmtime::component::bindgen!({
        path: ["../../../wit/types", "../../../wit/host", "../../../wit/connector"],
        world: "omnihub:connector/receives",
        // Sending requests is async, so the store must be able to move between threads.
        require_store_data_send: true,
        with: {
            "omnihub:types": super::describes::omnihub::types,
            "omnihub:host": super::describes::omnihub::host,
        },
    });
}

pub(crate) mod polls {
    wasmtime::component::bindgen!({
        path: ["../../../wit/types", "../../../wit/host", "../../../wit/connector"],
        world: "omnihub:connector/polls",
        // Sending requests is async, so the store must be able to move between threads.
        require_store_data_send: true,
        exports: { default: async },
        with: {
            "omnihub:types": super::describes::omnihub::types,
            "omnihub:host": super::describes::omnihub::host,
        },
    });
}

pub(crate) mod acts {
    wasmtime::component::bindgen!({
        path: ["../../../wit/types", "../../../wit/host", "../../../wit/connector"],
        world: "omnihub:connector/acts",
        // Sending requests is async, so the store must be able to move between threads.
        require_store_data_send: true,
        exports: { default: async },
        with: {
            "omnihub:types": super::describes::omnihub::types,
            "omnihub:host": super::describes::omnihub::host,
        },
    });
}

pub(crate) mod subscribes {
    wasmtime::component::bindgen!({
        path: ["../../../wit/types", "../../../wit/host", "../../../wit/connector"],
        world: "omnihub:connector/subscribes",
        // Sending requests is async, so the store must be able to move between threads.
        require_store_data_send: true,
        exports: { default: async },
        with: {
            "omnihub:types": super::describes::omnihub::types,
            "omnihub:host": super::describes::omnihub::host,
        },
    });
}

pub(crate) mod enriches {
    wasmtime::component::bindgen!({
        path: ["../../../wit/types", "../../../wit/host", "../../../wit/enricher"],
        world: "omnihub:enricher/enricher",
        // Sending requests is async, so the store must be able to move between threads.
        require_store_data_send: true,
        with: {
            "omnihub:types": super::describes::omnihub::types,
            "omnihub:host": super::describes::omnihub::host,
        },
    });
}

pub(crate) use describes::omnihub::host;
pub(crate) use describes::omnihub::types::types;
