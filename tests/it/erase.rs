//! People who want to be forgotten. Everybody's webhooks carry words of their own in every field; after an erasure and a
//! restart no byte of the hub's files has a word of an erased person in any of the forms it could be written in, and
//! nothing else has changed. What their providers repeat later does not bring them back, and a hub that is killed
//! half-way goes on where it was.

#![expect(clippy::indexing_slicing, reason = "a test fails where an answer lacks something")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hub_journal::{Journal, Options, Seq};
use hub_tests::support::binaries;
use hub_tests::support::connections::{self, Change, INSTAGRAM, LOYALTY, SHOPIFY, WHATSAPP, ZENDESK};
use hub_tests::support::delivery::{Outgoing, Signer};
use hub_tests::support::stage::{Stage, StageOptions};
use hub_tests::support::{number, until};
use serde_json::Value;

/// Every other one is erased. `HUB_PEOPLE` says how many.
const PEOPLE: u32 = 8;
/// Systems a list shows at most.
const LISTED_MAX: usize = 1_000;
/// Letters shown on either side of what should not be there.
const AROUND: usize = 60;
/// So many have numbers of their own.
const PEOPLE_MAX: u32 = 1_000;
/// Kills while the journal is rewritten and the view is built anew, each so much later after its start.
const KILLS: u32 = 16;
const STEP: Duration = Duration::from_millis(15);

/// The golden deliveries a person's are made of.
const CASES: [(&str, &str, Option<&str>); 10] = [
    (SHOPIFY, "customer-created", Some("customers/create")),
    (SHOPIFY, "order-created", Some("orders/create")),
    (SHOPIFY, "consent-email", Some("customers_email_marketing_consent/update")),
    (ZENDESK, "user-created", None),
    (ZENDESK, "ticket-created", None),
    (ZENDESK, "comment-by-customer", None),
    (WHATSAPP, "text", None),
    (INSTAGRAM, "text", None),
    (LOYALTY, "square_customer_created", None),
    (LOYALTY, "square_account_created", None),
];

#[derive(Clone, Copy)]
struct Person(u32);

fn people() -> u32 {
    number("HUB_PEOPLE").map_or(PEOPLE, |people| u32::try_from(people).unwrap().min(PEOPLE_MAX))
}

impl Person {
    fn all() -> impl Iterator<Item = Self> {
        (0..people()).map(Self)
    }

    /// Every other one.
    fn wants_out(self) -> bool {
        self.0.is_multiple_of(2)
    }

    /// Stands in every text of theirs and in nobody else's.
    fn word(self) -> String {
        format!("zq{:03}canary", self.0)
    }

    fn phone(self) -> String {
        format!("1202555{:04}", 150 + self.0)
    }

    fn customer_id(self) -> String {
        format!("7310458{:03}01936401", self.0)
    }

    fn igsid(self) -> String {
        format!("7000000000{:03}001", self.0)
    }

    fn desk_id(self) -> String {
        format!("9001000000{:03}01", self.0)
    }

    /// What tells people apart stands within: where the view's engine keeps once what neighbouring keys begin with, the
    /// byte behind it may look like a last digit.
    fn ticket_id(self) -> String {
        format!("70881{:03}4204", self.0)
    }

    fn order_id(self) -> String {
        format!("6120034{:03}33947201", self.0)
    }

    /// What may be found nowhere once they are forgotten.
    fn needles(self) -> Vec<String> {
        vec![
            self.word(),
            self.phone(),
            self.customer_id(),
            self.igsid(),
            self.desk_id(),
            self.order_id(),
            self.ticket_id(),
        ]
    }

    /// The golden bodies with this person's words in them.
    fn body(self, connection: &str, case: &str) -> Vec<u8> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/plugins").join(connection).join(case);
        let request = std::fs::read_to_string(path.join("delivery.http")).unwrap();
        let (_, body) = request.split_once("\n\n").unwrap();
        let word = self.word();
        let message = |prefix: &str| STANDARD.encode(format!("{prefix}:{word}:1"));
        let replaced = [
            ("mara.lindqvist@example.com", format!("{word}@example.com")),
            ("noor@example.org", format!("{word}@example.com")),
            ("7310458829201936401", self.customer_id()),
            ("6120034418233947201", self.order_id()),
            ("37123456789012", format!("37123456789{:03}", self.0)),
            ("#2041", format!("#{word}")),
            ("c2f1e09b7a3d4f55a8e0d1b2c3f4a5b6", format!("token{word}")),
            ("12025550143", self.phone()),
            ("555-0143", format!("555-{:04}", 150 + self.0)),
            ("Mara", format!("{word}given")),
            ("Lindqvist", format!("{word}family")),
            ("Ada Example", format!("{word} ada")),
            ("Noor", format!("{word}given")),
            ("Bremen", format!("{word}town")),
            ("Lindenweg 4", format!("{word} street")),
            ("Please ring twice", format!("{word} \\\"note\\\" \\u00e4")),
            ("gift, spring", format!("{word}gift, {word}spring")),
            ("newsletter, VIP", format!("{word}letter, {word}vip")),
            ("wo ist", format!("{word} wo ist")),
            ("HBgLRVhBTVBMRQ0001", message("wa")),
            ("aWdfZAG1faXRlbToxOk1lc3NhZA2VJRDpleGFtcGxlAB1", message("ig")),
            ("7000000000000001", self.igsid()),
            ("17840000000000001", "17841400000000001".to_owned()),
            ("9001000000001", self.desk_id()),
            ("70881", self.ticket_id()),
            ("Moth holes", format!("{word} subject")),
            ("My jumper has moth holes", format!("{word} description")),
            ("I am not amused", format!("{word} is not amused")),
            ("33300001", format!("33300{:03}", self.0)),
            ("3f6c1d02", format!("3f6c1{:03}", self.0)),
            ("CUSTNOOREXAMPLE", format!("CUST{word}")),
            ("aa0000000001", format!("aa00000000{:03}", self.0)),
            ("cc0000000001", format!("cc00000000{:03}", self.0)),
            ("6b1f0c52", format!("6b1f0{:03}", self.0)),
        ];
        let mut body = body.to_owned();
        for (golden, own) in replaced {
            body = body.replace(golden, &own);
        }
        body.into_bytes()
    }

    /// All their deliveries; those of another round are new to the hub though they say the same.
    fn deliveries(self, round: u32) -> Vec<Outgoing> {
        let mut all: Vec<Outgoing> = CASES
            .iter()
            .map(|(connection, case, topic)| {
                let mut body = self.body(connection, case);
                // Where a delivery has no name of its own its bytes are it.
                body.extend(std::iter::repeat_n(b' ', round as usize));
                Outgoing {
                    connection: (*connection).to_owned(),
                    id: format!("{connection}-{case}-{round}-{}", self.word()),
                    topic: topic.map(str::to_owned),
                    headers: Vec::new(),
                    body,
                }
            })
            .collect();
        if round == 0 {
            // No connector can read it, so nothing but a search says whose it is.
            let body = format!("points for {}@example.com, many", self.word()).into_bytes();
            let id = format!("parked-{}", self.word());
            all.push(Outgoing { connection: LOYALTY.into(), id, topic: None, headers: Vec::new(), body });
        }
        all
    }

    fn redaction(self) -> Outgoing {
        let body = self.body(SHOPIFY, "privacy-redact-no-orders");
        let id = format!("redact-{}", self.word());
        let topic = Some("customers/redact".to_owned());
        Outgoing { connection: SHOPIFY.into(), id, topic, headers: Vec::new(), body }
    }

    /// Whose customer this is.
    fn of(customer: &Value) -> Option<Self> {
        let text = customer.to_string();
        Self::all().find(|person| person.needles().iter().any(|needle| text.contains(needle)))
    }
}

async fn tell(stage: &Stage, deliveries: &[Outgoing]) {
    let sender = stage.sender().unwrap();
    for delivery in deliveries {
        let status = sender.deliver(delivery, Signer::Provider).await.unwrap();
        assert_eq!(status, 200, "{}", delivery.id);
    }
    stage.admin().unwrap().quiet(|_| {}).await.unwrap();
}

async fn stage_with_people() -> Stage {
    stage_with_people_and(Vec::new()).await
}

/// With these changes of the configuration.
async fn stage_with_people_and(changes: Vec<Change>) -> Stage {
    let stage = Stage::set(StageOptions { changes, ..StageOptions::default() }).await.unwrap();
    for person in Person::all() {
        tell(&stage, &person.deliveries(0)).await;
    }
    stage
}

/// A command of `omnihub` to the running hub, and the JSON it prints.
async fn cli(stage: &Stage, words: &[&str]) -> Value {
    let address = stage.hub().unwrap().addresses().admin.clone();
    let words: Vec<&str> = words.iter().copied().chain(["--json", "--admin", &address]).collect();
    let output = stage.files().command(&words).await.unwrap();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

async fn customers(stage: &Stage) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    loop {
        let after = all.last().map(id);
        let page = after.iter().flat_map(|after| ["--after", after]);
        let words: Vec<&str> = ["customer", "find"].into_iter().chain(page).collect();
        let found = cli(stage, &words).await;
        let found = found.pointer("/customers").and_then(Value::as_array).unwrap().clone();
        if found.is_empty() {
            return all;
        }
        all.extend(found);
    }
}

fn id(customer: &Value) -> String {
    customer.pointer("/id").and_then(Value::as_str).unwrap().to_owned()
}

/// Whoever wants to be.
async fn erase(stage: &Stage) {
    let mut erased = BTreeSet::new();
    for customer in customers(stage).await {
        let Some(person) = Person::of(&customer).filter(|person| person.wants_out()) else { continue };
        let words = ["customer", "erase", &id(&customer), "--yes", "--reason", "asked by letter"];
        let answer = cli(stage, &words).await;
        let commands = answer.pointer("/commands").and_then(Value::as_array).unwrap();
        assert!(!commands.is_empty(), "{answer}");
        erased.insert(person.0);
    }
    assert_eq!(erased, Person::all().filter(|person| person.wants_out()).map(|person| person.0).collect());
}

/// Shops, desks and clubs have answered; where nobody can be asked a person is told to.
async fn check_systems(stage: &Stage) {
    let list = cli(stage, &["privacy", "list"]).await;
    let listed: usize =
        list["erasures"].as_array().unwrap().iter().map(|one| one["systems"].as_array().unwrap().len()).sum();
    if listed >= LISTED_MAX {
        return eprintln!("{listed} systems: the list is not whole, so nobody is counted in it");
    }
    let mut states: BTreeMap<(String, String), u32> = BTreeMap::new();
    for system in
        list["erasures"].as_array().unwrap().iter().flat_map(|one| one["systems"].as_array().unwrap())
    {
        let word = |name: &str| system[name].as_str().unwrap().to_owned();
        *states.entry((word("connection"), word("state"))).or_default() += 1;
    }
    for connection in [SHOPIFY, ZENDESK, LOYALTY] {
        let confirmed = states.get(&(connection.to_owned(), "confirmed".to_owned()));
        assert!(confirmed.is_some_and(|count| *count >= people() / 2), "{connection}: {states:?}");
    }
    for connection in [WHATSAPP, INSTAGRAM] {
        let by_hand = states.get(&(connection.to_owned(), "by_hand".to_owned()));
        assert!(by_hand.is_some_and(|count| *count >= people() / 2), "{connection}: {states:?}");
    }
}

fn is_of_erased(told: &Value) -> bool {
    Person::all().any(|person| person.wants_out() && told.to_string().contains(&person.word()))
}

fn check_same(now: &BTreeMap<String, [Value; 2]>, before: &BTreeMap<String, [Value; 2]>) {
    assert_eq!(now.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>(), "the people who stay");
    for (id, told) in before {
        for (now, before) in now[id].iter().zip(told) {
            assert_eq!(format!("{now:#}"), format!("{before:#}"), "{id}");
        }
    }
}

/// Everything the hub tells of the people who stay.
async fn who_stays(stage: &Stage) -> BTreeMap<String, [Value; 2]> {
    let mut stays = BTreeMap::new();
    for customer in customers(stage).await {
        if Person::of(&customer).is_some_and(|person| !person.wants_out()) {
            let id = id(&customer);
            let mut card = cli(stage, &["customer", "show", &id]).await;
            // That somebody else might be the same person says something about somebody else.
            card["suggestions"].as_array_mut().unwrap().retain(|suggestion| !is_of_erased(suggestion));
            let timeline = cli(stage, &["customer", "timeline", &id, "--limit", "1000"]).await;
            stays.insert(id, [card, timeline]);
        }
    }
    stays
}

/// Until every system that is asked has answered, and nothing waits to be rewritten.
async fn until_rewritten(stage: &Stage) {
    until("the journal is rewritten", async || is_rewritten(&cli(stage, &["privacy", "list"]).await)).await;
}

fn is_rewritten(list: &Value) -> bool {
    let erasures = list.pointer("/erasures").and_then(Value::as_array).unwrap().iter();
    let mut systems = erasures.flat_map(|one| one["systems"].as_array().unwrap());
    systems.all(|one| one["id_kept"] == false && one["state"] != "asked")
        && list.pointer("/records_waiting") == Some(&Value::from(0))
}

async fn is_view_waiting(stage: &Stage) -> bool {
    cli(stage, &["privacy", "list"]).await["view_waiting"] == true
}

/// Stops the hub, has it finish, compares view and journal, and looks for words of the erased in every file.
async fn check_gone(stage: &mut Stage) {
    stage.stop().await.unwrap();
    stage.verify_journal().await.unwrap().unwrap();
    let files = bytes_below(stage.dir());
    assert!(files.iter().any(|(name, _)| name.contains("journal record")), "nothing was looked at");
    check_no_erased(&files);
    let stay = Person::all().filter(|person| !person.wants_out());
    let words: Vec<String> = stay.map(Person::word).collect();
    assert_eq!(found_in(&files, &words).len(), words.len(), "the search finds too few, so it proves nothing");
}

fn check_no_erased(files: &[(String, String)]) {
    let erased = Person::all().filter(|person| person.wants_out());
    let needles: Vec<String> = erased.flat_map(Person::needles).collect();
    let found = found_in(files, &needles);
    let shown: Vec<String> = found.iter().flat_map(|(needle, places)| shown(files, needle, places)).collect();
    assert!(found.is_empty(), "{found:?}\n{}", shown.join("\n"));
}

/// What stands around a needle in these files, to find out what it is part of.
fn shown(files: &[(String, String)], needle: &str, places: &BTreeSet<String>) -> Vec<String> {
    let around = |text: &str, at: usize| -> String {
        let (before, after) = text.split_at(at);
        let before: Vec<char> = before.chars().rev().take(AROUND).collect();
        before.into_iter().rev().chain(after.chars().take(AROUND)).collect()
    };
    let files = files.iter().filter(|(name, _)| places.contains(name));
    let hits = files.flat_map(|(name, text)| {
        let hits = forms(needle).into_iter().flat_map(|form| {
            let hits: Vec<String> = text.match_indices(&form).map(|(at, _)| around(text, at)).collect();
            hits
        });
        hits.map(move |hit| format!("{needle} in {name}: {}", hit.escape_debug())).collect::<Vec<_>>()
    });
    hits.collect()
}

/// All files, and the journal's records as they were before they were packed.
fn bytes_below(dir: &Path) -> Vec<(String, String)> {
    // What is looked for are letters and digits, which stay what they are.
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> = vec![dir.to_owned()];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            found.push((path.display().to_string(), text(std::fs::read(&path).unwrap())));
        }
    }
    let (journal, _) = Journal::open_read_only(&dir.join("data/journal"), Options::default()).unwrap();
    let mut reader = journal.reader(Seq::new(1));
    while let Some(record) = reader.next().unwrap() {
        found.push((format!("journal record {} of kind {}", record.seq, record.kind), text(record.payload)));
    }
    found
}

/// As it is, and in base64 wherever in a longer text it stands.
fn forms(needle: &str) -> Vec<String> {
    let mut forms = vec![needle.to_owned()];
    for before in 0..3 {
        let shifted = [vec![b' '; before], needle.as_bytes().to_vec()].concat();
        // What stands before and after shines into the first letters and the last.
        let from = before * 4 / 3 + usize::from(before > 0);
        let encoded = STANDARD.encode(&shifted[..shifted.len() / 3 * 3]);
        forms.push(encoded.get(from..).unwrap().to_owned());
    }
    forms
}

/// Which of these stand where. All are looked for at once: there are thousands, and the files are long.
fn found_in(files: &[(String, String)], needles: &[String]) -> BTreeMap<String, BTreeSet<String>> {
    let (owners, forms): (Vec<&String>, Vec<String>) =
        needles.iter().flat_map(|needle| forms(needle).into_iter().map(move |form| (needle, form))).unzip();
    let search = AhoCorasick::new(&forms).unwrap();
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, text) in files {
        for hit in search.find_overlapping_iter(text) {
            found.entry(owners[hit.pattern()].clone()).or_default().insert(name.clone());
        }
    }
    found
}

#[test]
fn the_search_finds_every_form() {
    let word = Person(7).word();
    for before in ["", "a", "ab", "abc"] {
        let text = format!("{before}{word}zz");
        for written in [text.clone(), STANDARD.encode(&text)] {
            let files = [(String::new(), written)];
            assert_eq!(found_in(&files, std::slice::from_ref(&word)).len(), 1, "{before}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_erased_are_nowhere_and_nobody_else_has_changed() {
    let mut stage = stage_with_people().await;
    let before = who_stays(&stage).await;
    let mut parked = stage.admin().unwrap().deliveries(Some("parked")).await.unwrap();
    parked.retain(|delivery| delivery.events == 0);
    assert_eq!(parked.len(), Person::all().count());

    erase(&stage).await;
    until_rewritten(&stage).await;
    check_systems(&stage).await;
    check_gone(&mut stage).await;

    stage.start().await.unwrap();
    check_same(&who_stays(&stage).await, &before);
    assert!(!is_view_waiting(&stage).await);
    let admin = stage.admin().unwrap();
    let mut redriven = 0;
    for delivery in admin.deliveries(None).await.unwrap() {
        if delivery.reason.as_deref() == Some("its content is erased") {
            assert!(admin.redrive(delivery.seq).await.is_err(), "there is nothing to redrive");
            redriven += 1;
        }
    }
    assert_eq!(redriven, people() / 2, "the parked ones of the erased");

    // Their providers say it all once more.
    for person in Person::all().filter(|person| person.wants_out()) {
        tell(&stage, &person.deliveries(1)).await;
        assert!(admin.find_customers(&format!("{}@example.com", person.word())).await.unwrap().is_empty());
    }
    until_rewritten(&stage).await;
    check_same(&who_stays(&stage).await, &before);
    check_gone(&mut stage).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_running_hub_swaps_its_view_and_takes_deliveries_meanwhile() {
    let at_once = ("erasing.view_minutes".to_owned(), 0.into());
    let mut stage = stage_with_people_and(vec![at_once]).await;
    let before = who_stays(&stage).await;
    erase(&stage).await;
    until("the view is built anew", async || {
        tell(&stage, &Person(1).deliveries(1)).await;
        let list = cli(&stage, &["privacy", "list"]).await;
        is_rewritten(&list) && list["view_waiting"] == false
    })
    .await;
    let verified = cli(&stage, &["journal", "verify"]).await;
    assert_eq!(verified.pointer("/agrees"), Some(&Value::Bool(true)), "{verified}");
    check_same(&who_stays(&stage).await, &before);
    // Killed, so that nothing is tidied up on the way out.
    stage.kill().await.unwrap();
    let files = bytes_below(stage.dir());
    check_no_erased(&files);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_may_ask_for_it_too() {
    let mut stage = stage_with_people().await;
    for person in Person::all().filter(|person| person.wants_out()) {
        tell(&stage, &[person.redaction()]).await;
    }
    until_rewritten(&stage).await;
    assert!(is_view_waiting(&stage).await, "the hour is not over");
    stage.stop().await.unwrap();
    stage.start().await.unwrap();
    until("the next hub builds the view anew", async || !is_view_waiting(&stage).await).await;
    stage.stop().await.unwrap();
    stage.verify_journal().await.unwrap().unwrap();
    let files = bytes_below(stage.dir());
    // Shopify asks for Shopify: what other systems know stays until somebody asks for that.
    let erased = Person::all().filter(|person| person.wants_out());
    let ids: Vec<String> = erased.flat_map(|person| [person.customer_id(), person.order_id()]).collect();
    assert_eq!(found_in(&files, &ids), BTreeMap::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_at_any_step_goes_on() {
    let mut stage = stage_with_people().await;
    let before = who_stays(&stage).await;
    erase(&stage).await;
    stage.kill().await.unwrap();
    // Each try gets a little further than the one before.
    let mut interrupted = 0;
    for kill in 1..=KILLS {
        let mut erasing = finishing(&stage);
        tokio::time::sleep(STEP * kill).await;
        interrupted += u32::from(erasing.try_wait().unwrap().is_none());
        erasing.kill().unwrap();
        erasing.wait().unwrap();
    }
    eprintln!("interrupted {interrupted} of {KILLS} times");
    assert!(finishing(&stage).wait().unwrap().success());
    let listed = stage.files().command(&["privacy", "list", "--json"]).await.unwrap();
    let list: Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(list.pointer("/view_waiting"), Some(&Value::Bool(false)), "{list}");
    assert_eq!(list.pointer("/records_waiting"), Some(&Value::from(0)), "{list}");
    stage.start().await.unwrap();
    until_rewritten(&stage).await;
    check_same(&who_stays(&stage).await, &before);
    check_gone(&mut stage).await;
}

/// What finishes an erasure while no hub runs.
fn finishing(stage: &Stage) -> Child {
    let mut command = Command::new(binaries::omnihub().unwrap());
    command.args(["customer", "erase", "--now", "--config"]).arg(&stage.files().config);
    command.envs(connections::environment()).stdin(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_has_everything_of_one_person() {
    let mut stage = stage_with_people().await;
    let (one, other) = (Person(1), Person(2));
    let customers = customers(&stage).await;
    let customer =
        customers.iter().find(|customer| customer.to_string().contains(&one.customer_id())).unwrap();
    let export = cli(&stage, &["customer", "export", &id(customer)]).await;
    let text = export.to_string();
    for part in ["customer", "context", "timeline", "conversations", "events", "deliveries"] {
        assert!(export[part].to_string().len() > 4, "{part} is empty");
    }
    assert!(text.contains(&format!("{} street", one.word())), "only the delivery's body has the street");
    let mut own = export.clone();
    own["customer"]["suggestions"] = Value::Null;
    assert!(!own.to_string().contains(&other.word()), "somebody else's words");
    let dir = stage.dir().join("exported");
    let address = stage.hub().unwrap().addresses().admin.clone();
    let words = ["customer", "export", &id(customer), "--dir", &dir.to_string_lossy(), "--admin", &address];
    assert!(stage.files().command(&words).await.unwrap().status.success());
    let files: Vec<PathBuf> = std::fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 2);
    let page =
        files.iter().find(|path| path.extension().is_some_and(|extension| extension == "html")).unwrap();
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains(&one.word()) && page.contains("Content-Security-Policy"));
    stage.stop().await.unwrap();
}
