use super::*;

fn heard(bytes: usize) -> Heard {
    Heard::Delivery(Box::new(HeardDelivery {
        seq: 1,
        connection: "shop".to_owned(),
        topic: None,
        headers: HeaderMap::new(),
        body: Bytes::from(vec![b'x'; bytes]),
    }))
}

/// How many of these are missed by a recorder whose writer does not get to them, and how many bytes then wait.
fn check_missed(sizes: &[usize], expected: (u64, usize)) {
    let (queue, _unread) = mpsc::channel(2);
    let (waiting, missed): (Arc<AtomicUsize>, Arc<AtomicU64>) = Default::default();
    let recorder = Recorder { queue, waiting, missed, writer: Mutex::default() };
    sizes.iter().for_each(|size| recorder.hear(heard(*size)));
    let found = (recorder.missed.load(Ordering::Relaxed), recorder.waiting.load(Ordering::Relaxed));
    assert_eq!(found, expected, "{sizes:?}");
}

#[test]
fn what_does_not_fit_is_counted_and_not_waited_for() {
    check_missed(&[10, 20], (0, 30));
    check_missed(&[10, 20, 30, 40], (2, 30));
    check_missed(&[HEARD_BYTES_MAX, 1, 0], (1, HEARD_BYTES_MAX));
}

#[test]
fn a_body_is_written_so_that_it_is_read_back() {
    let check = |body: Body, expected: &str| {
        let (text, _) = written(body);
        assert_eq!(text.unwrap().get(), expected);
    };
    check(Body::Json(" {\"a\": 1}".to_owned()), "{\"a\": 1}");
    check(Body::Json("\"a\"".to_owned()), r#""\"a\"""#);
    check(Body::Filler { text: "xx".to_owned(), shape: String::new() }, "\"xx\"");
}

#[test]
fn answers_keep_headers_about_rates_and_versions() {
    for (name, stays) in [
        ("retry-after", true),
        ("x-shopify-api-version", true),
        ("x-rate-limit-remaining", true),
        ("set-cookie", false),
        ("x-request-id", false),
    ] {
        assert_eq!(is_answer_header(name), stays, "{name}");
    }
}
