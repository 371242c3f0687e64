//! Addresses and credentials that an endpoint may and may not be bound to.

use super::*;

fn declared(base_url: &str) -> Endpoint {
    Endpoint {
        name: "admin".to_owned(),
        purpose: "tests".to_owned(),
        base_url: base_url.to_owned(),
        paths: vec!["/v1/".to_owned()],
        auth: Auth::None,
        rate: None,
    }
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn secrets() -> BTreeMap<String, Vec<Secret>> {
    let two = ["s3cret-new", "s3cret-old"].map(|secret| Secret::new(secret).unwrap()).to_vec();
    let odd = vec![Secret::new("s3cret-é").unwrap()];
    BTreeMap::from([("api_token".to_owned(), two), ("odd".to_owned(), odd), ("none".to_owned(), vec![])])
}

fn check_template(template: &str, settings: &[(&str, &str)]) -> Result<String, BindError> {
    let bound = bind(&declared(template), &EndpointConfig::default(), &map(settings), &secrets());
    bound.map(|bound| bound.base.to_string())
}

fn check_override(base_url: &str, allow_private: bool) -> Result<String, BindError> {
    let operator = EndpointConfig { base_url: Some(base_url.to_owned()), allow_private };
    let bound = bind(&declared("https://api.example.com"), &operator, &BTreeMap::new(), &secrets());
    bound.map(|bound| bound.base.to_string())
}

#[test]
fn settings_fill_the_address() {
    let filled = |template: &str, value: &str| check_template(template, &[("shop", value), ("eu", "eu-1")]);
    let at = |address: &str| Ok(address.to_owned());
    assert_eq!(filled("https://{shop}", "a.example.com"), at("https://a.example.com/"));
    assert_eq!(filled("https://{shop}.{eu}.example.com/api/", "A-1"), at("https://a-1.eu-1.example.com/api"));
    assert_eq!(filled("https://api.example.com/{shop}/x", "t_7"), at("https://api.example.com/t_7/x"));
    assert_eq!(filled("{shop}", "https://a.example.com:8443/x/"), at("https://a.example.com:8443/x"));
    assert_eq!(filled("https://{other}", "a"), Err(BindError::NoSetting("other".to_owned())));
    for template in ["https://{shop", "https://shop}", "https://{shop}}", "https://a}{shop}"] {
        assert_eq!(filled(template, "a.example.com"), Err(BindError::Template), "{template}");
    }
}

#[test]
fn a_setting_does_not_bring_another_place_along() {
    let values = [
        "",
        "elsewhere.example.com/x?",
        "elsewhere.example.com/",
        "me@elsewhere.example.com",
        "a:443",
        "a#",
        "a?b",
        "a\\b",
        "a%2fb",
        "a b",
        "a\nb",
        "é.example.com",
        "..",
        "a..b",
        "{eu}",
        "[::1]",
    ];
    for value in values {
        let expected = Err(BindError::SettingForm("shop".to_owned()));
        assert_eq!(check_template("https://{shop}.example.com", &[("shop", value)]), expected, "{value:?}");
    }
}

#[test]
fn only_https_unless_the_operator_says_http_and_private() {
    assert_eq!(check_template("http://api.example.com", &[]), Err(BindError::NotHttps));
    assert_eq!(check_template("{url}", &[("url", "http://api.example.com")]), Err(BindError::NotHttps));
    assert_eq!(check_override("http://api.example.com", false), Err(BindError::NotHttps));
    assert_eq!(
        check_override("http://127.0.0.1:9000/shopify", true),
        Ok("http://127.0.0.1:9000/shopify".to_owned())
    );
    assert_eq!(check_override("https://10.0.0.1", true), Ok("https://10.0.0.1/".to_owned()));
    let private = EndpointConfig { base_url: None, allow_private: true };
    let declared = declared("http://127.0.0.1");
    let bound = bind(&declared, &private, &BTreeMap::new(), &secrets());
    assert_eq!(bound.unwrap_err(), BindError::NotHttps, "http is the operator's word, not the connector's");
    for address in ["ftp://api.example.com", "wss://api.example.com"] {
        assert_eq!(check_override(address, true), Err(BindError::NotHttps), "{address}");
    }
    for address in ["file:///etc/passwd", "unix:/run/x", "data:,x", "javascript:1"] {
        assert!(check_override(address, true).is_err(), "{address}");
    }
}

#[test]
fn an_address_has_no_second_reading() {
    let parts = [
        "https://user@api.example.com",
        "https://user:pass@api.example.com",
        "https://@api.example.com",
        "https://api.example.com/?x=1",
        "https://api.example.com?",
        "https://api.example.com/#x",
        "https://api.example.com#",
        "https://api.example.com@elsewhere.example.com/",
    ];
    for address in parts {
        assert_eq!(check_override(address, true), Err(BindError::AddressParts), "{address}");
    }
    let broken = [
        "",
        "api.example.com",
        "//api.example.com",
        "https://",
        "https:///",
        "https://a b.example.com",
        "https://api.example.com\\@elsewhere.example.com",
        "https://api.example.com/\n",
        "\thttps://api.example.com",
        "https://é.example.com",
        "https://api.example.com:99999",
        "https://[::1",
        "https://1.2.3.4.5",
        "https://256.256.256.256",
        "https://a%00.example.com",
        "https://api.example.com/a//b",
        "https://api.example.com/a%2fb",
        "https://api.example.com/a%252e",
    ];
    for address in broken {
        assert_eq!(check_override(address, true), Err(BindError::NotAnAddress), "{address:?}");
    }
}

/// Every spelling of an address inside that the URL parser understands.
#[test]
fn spellings_of_inside_addresses_are_refused() {
    let hosts = [
        "127.0.0.1",
        "127.0.0.1.",
        "127.1",
        "127.0.1",
        "127.000.000.001",
        "0177.0.0.1",
        "0x7f.0.0.1",
        "0x7f.1",
        "0x7f000001",
        "0X7F000001",
        "2130706433",
        "017700000001",
        "0",
        "0.0.0.0",
        "00",
        "0x0",
        "0x",
        "%31%32%37.0.0.1",
        "127%2e0%2e0%2e1",
        "10.1",
        "0xa.1",
        "167772161",
        "192.168.257",
        "0xc0a80001",
        "172.16.1",
        "169.254.169.254",
        "0xa9fea9fe",
        "2852039166",
        "0251.0376.0251.0376",
        "100.64.1",
        "198.18.1",
        "224.1",
        "4294967295",
        "255.255.255.255",
        "[::]",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[0000::0001]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::FFFF:7F00:1]",
        "[::127.0.0.1]",
        "[::7f00:1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b::10.0.0.1]",
        "[2002:7f00:1::]",
        "[2001::1]",
        "[fe80::1]",
        "[fd00::1]",
        "[ff02::1]",
        "[fec0::1]",
        "[2001:db8::1]",
    ];
    for host in hosts {
        for port in ["", ":443", ":8443"] {
            let address = format!("https://{host}{port}/");
            let refused = matches!(check_override(&address, false), Err(BindError::PrivateAddress(_)));
            assert!(refused, "{address}: {:?}", check_override(&address, false));
            assert!(check_override(&address, true).is_ok(), "{address}");
        }
    }
    for host in ["8.8.8.8", "0x08080808", "134744072", "[2606:4700::1111]", "[::ffff:8.8.8.8]"] {
        assert!(check_override(&format!("https://{host}/"), false).is_ok(), "{host}");
    }
    let text = check_override("https://127.1", false).unwrap_err().to_string();
    assert!(text.contains("allow_private = true"), "{text}");
}

#[test]
fn declared_paths_are_in_normal_form() {
    let with = |paths: &[&str]| {
        let paths = paths.iter().map(|path| (*path).to_owned()).collect();
        let declared = Endpoint { paths, ..declared("https://api.example.com") };
        bind(&declared, &EndpointConfig::default(), &BTreeMap::new(), &secrets()).map(|_| ())
    };
    assert_eq!(with(&["/", "/v", "/v1/"]), Ok(()));
    assert_eq!(with(&[]), Err(BindError::NoPath));
    for path in ["", "v1/", "//", "/../", "/v1/%2e", "/v 1", "/v1?x"] {
        assert_eq!(with(&["/v1/", path]), Err(BindError::Path(path.to_owned())), "{path}");
    }
}

fn check_auth(auth: Auth) -> Result<(String, String), BindError> {
    let declared = Endpoint { auth, ..declared("https://api.example.com") };
    let settings = map(&[("user", "ana@example.com/token"), ("odd_user", "a:b")]);
    let bound = bind(&declared, &EndpointConfig::default(), &settings, &secrets())?;
    assert!(!format!("{bound:?} {bound:#?}").contains("s3cret"));
    let credential = bound.credential().unwrap();
    assert!(credential.value.is_sensitive());
    Ok((credential.name.to_string(), credential.value.to_str().unwrap().to_owned()))
}

#[test]
fn credentials_are_the_first_of_the_valid_secrets() {
    let own = str::to_owned;
    let bearer = check_auth(Auth::Bearer(own("api_token")));
    assert_eq!(bearer, Ok((own("authorization"), own("Bearer s3cret-new"))));
    let header = check_auth(Auth::Header(own("X-Shop-Token"), own("api_token")));
    assert_eq!(header, Ok((own("x-shop-token"), own("s3cret-new"))));
    // printf 'ana@example.com/token:s3cret-new' | base64
    let basic = check_auth(Auth::Basic(own("user"), own("api_token")));
    let encoded = own("Basic YW5hQGV4YW1wbGUuY29tL3Rva2VuOnMzY3JldC1uZXc=");
    assert_eq!(basic, Ok((own("authorization"), encoded)));
}

#[test]
fn credentials_that_cannot_be_sent_are_refused() {
    let own = str::to_owned;
    assert_eq!(check_auth(Auth::Bearer(own("absent"))), Err(BindError::NoSecret(own("absent"))));
    assert_eq!(check_auth(Auth::Bearer(own("none"))), Err(BindError::NoSecret(own("none"))));
    let odd = check_auth(Auth::Bearer(own("odd"))).unwrap_err();
    assert_eq!(odd, BindError::SecretForm(own("odd")));
    assert!(!odd.to_string().contains("s3cret"));
    let user = check_auth(Auth::Basic(own("absent"), own("api_token")));
    assert_eq!(user, Err(BindError::NoSetting(own("absent"))));
    let user = check_auth(Auth::Basic(own("odd_user"), own("api_token")));
    assert_eq!(user, Err(BindError::UserForm(own("odd_user"))));
    for header in [
        "host",
        "Content-Length",
        "transfer-encoding",
        "cookie",
        "x-forwarded-for",
        "proxy-authorization",
        "a b",
        "",
    ] {
        let refused = check_auth(Auth::Header(own(header), own("api_token")));
        assert_eq!(refused, Err(BindError::AuthHeader(own(header))), "{header}");
    }
    assert!(check_auth(Auth::Header(own("Authorization"), own("api_token"))).is_ok());
}
