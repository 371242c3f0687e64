//! The one table of routes. A route is added with the scope it takes, or not at all; the router is made of the table, so
//! that what is listed, what is checked and what is served cannot differ.

use std::sync::Arc;

use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, post};
use hub_fold::Scope;

use super::{Api, guard};

/// Routes in the order they were added.
#[derive(Default)]
pub(super) struct Routes(Vec<Route>);

/// One method of one path.
struct Route {
    declared: Declared,
    handler: MethodRouter<Arc<Api>>,
}

/// What a route is called by, and what it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    pub method: Method,
    /// Parts in braces stand for any text: "/v1/effects/{id}".
    pub path: &'static str,
    pub scope: Scope,
}

impl Routes {
    pub(super) fn get<T: 'static>(
        self,
        path: &'static str,
        scope: Scope,
        handler: impl Handler<T, Arc<Api>>,
    ) -> Self {
        self.with(Declared { method: Method::GET, path, scope }, get(handler))
    }

    pub(super) fn post<T: 'static>(
        self,
        path: &'static str,
        scope: Scope,
        handler: impl Handler<T, Arc<Api>>,
    ) -> Self {
        self.with(Declared { method: Method::POST, path, scope }, post(handler))
    }

    fn with(mut self, declared: Declared, handler: MethodRouter<Arc<Api>>) -> Self {
        self.0.push(Route { declared, handler });
        self
    }

    pub(super) fn and(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    /// Puts something around every handler. It runs once the scope is seen.
    pub(super) fn each(mut self, wrap: impl Fn(MethodRouter<Arc<Api>>) -> MethodRouter<Arc<Api>>) -> Self {
        for route in &mut self.0 {
            route.handler = wrap(std::mem::take(&mut route.handler));
        }
        self
    }

    pub(super) fn declared(&self) -> impl Iterator<Item = &Declared> {
        self.0.iter().map(|route| &route.declared)
    }

    /// The router, each route behind its scope.
    pub(super) fn router(self) -> Router<Arc<Api>> {
        self.0.into_iter().fold(Router::new(), |router, Route { declared, handler }| {
            let demand = from_fn_with_state(declared.scope, guard::demand);
            router.route(declared.path, handler.route_layer(demand))
        })
    }
}
