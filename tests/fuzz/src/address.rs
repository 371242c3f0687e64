//! An address that an operator writes or a connector declares, and a path that a connector asks for: whatever may leave goes
//! to the public host that was bound, over TLS, below the path that was declared.

use std::collections::BTreeMap;
use std::net::IpAddr;

use arbitrary::Arbitrary;
use hub_runtime::manifest::{Auth, Endpoint};
use hub_runtime::{HttpMethod, HttpRequest};
use omnihub::app::lone::LoneEndpoint;
use omnihub::config::EndpointConfig;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    place: Place,
    address: &'a str,
    declared: &'a str,
    headers: Vec<(&'a str, &'a str)>,
    path: &'a str,
}

#[derive(Arbitrary, Debug)]
enum Place {
    Operator,
    Declared,
    Setting,
    Host,
    Part,
}

pub fn try_one(bytes: &[u8]) {
    let Some(input) = crate::typed::<Input>(bytes) else { return };
    let Some(bound) = input.bound() else { return };
    let headers = input.headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let request = HttpRequest {
        method: HttpMethod::Get,
        path: input.path.to_owned(),
        headers: headers.collect(),
        body: None,
    };
    let Ok(target) = bound.target(request) else { return };
    assert_eq!(target.scheme(), "https", "it leaves without TLS");
    assert!(target.username().is_empty() && target.password().is_none(), "it carries a user name");
    assert!(target.fragment().is_none(), "it carries a fragment");
    let host = target.host_str().expect("an https address has a host");
    if let Ok(address) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
        assert!(is_public(address), "it goes to {address}");
    }
    if let Place::Part = input.place {
        assert!(host.ends_with(".example.com"), "a setting has led it to {host}");
    }
    let path = target.path();
    assert!(path.contains(input.declared), "{path} is not below what was declared");
    assert!(!path.split('/').any(|segment| segment == ".."), "{path} climbs");
}

/// The plain cases; the whole list is the product's.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            !(address.is_loopback()
                || address.is_private()
                || address.is_link_local()
                || address.is_unspecified()
                || address.is_broadcast()
                || address.is_multicast())
        }
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(mapped) => is_public(mapped.into()),
            None => !(address.is_loopback() || address.is_unspecified() || address.is_multicast()),
        },
    }
}

impl Input<'_> {
    fn bound(&self) -> Option<LoneEndpoint> {
        let (declared, operator) = match self.place {
            Place::Operator => ("https://shop.example.com", Some(self.address)),
            Place::Declared => (self.address, None),
            Place::Setting => ("{store}", None),
            Place::Host => ("https://{store}/", None),
            Place::Part => ("https://{store}.example.com/", None),
        };
        let endpoint = Endpoint {
            name: "api".to_owned(),
            purpose: "to be called".to_owned(),
            base_url: declared.to_owned(),
            paths: vec![self.declared.to_owned()],
            auth: Auth::None,
            rate: None,
        };
        let operator = EndpointConfig { base_url: operator.map(str::to_owned), ..EndpointConfig::default() };
        let settings = BTreeMap::from([("store".to_owned(), self.address.to_owned())]);
        LoneEndpoint::bind(&endpoint, &operator, &settings).ok()
    }
}
