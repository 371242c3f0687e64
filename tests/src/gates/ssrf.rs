//! No connector gets the hub to call a place it may not: hundreds of ways to write one, as an address, as a redirect and as
//! what a name resolves to, while canaries listen. And no provider's answer, however long, slow or broken, costs more than
//! its share of time and memory.

mod answers;
pub(super) mod calls;
pub(super) mod canary;
mod forms;
mod provider;

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use hub_gates::{Fault, Gate, Report, Setup};
use hub_runtime::HttpError;
use omnihub::app::lone::{EgressOptions, LoneEgress, LoneEndpoint};

use answers::Which;
use calls::{Grant, Names, PLACES, Place};
use canary::Canaries;
use forms::Form;
use provider::Provider;

/// Redirects of each form: what a client may do differs by status.
const REDIRECTS: [u64; 3] = [1, 5, 5];
const STATUSES: [u16; 5] = [301, 302, 303, 307, 308];

const REACH: Fault = Fault("the resolved address is not checked");
const REDIRECT: Fault = Fault("a redirect is followed");
const LENGTH: Fault = Fault("an answer may be as long as it likes");
const TIME: Fault = Fault("an answer may take as long as it likes");

pub(crate) const GATE: Gate = Gate {
    name: "ssrf",
    says: "no way to write an address leads a call where it may not go, and no answer costs more than its share",
    run,
    faults: &[REACH, REDIRECT, LENGTH, TIME],
};

fn run(setup: &Setup) -> Report {
    let mut report = Report::new(GATE.name, setup.seed);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            report.failures.push(format!("no runtime: {error}"));
            return report;
        }
    };
    if let Err(error) = runtime.block_on(run_all(setup, &mut report)) {
        report.failures.push(format!("the gate could not be run: {error:#}"));
    }
    runtime.shutdown_background();
    report
}

async fn run_all(setup: &Setup, report: &mut Report) -> anyhow::Result<()> {
    let mut options = EgressOptions::default();
    let which = match setup.fault() {
        None => Which::All,
        Some(LENGTH) => {
            options.response_bytes_max = usize::MAX;
            Which::Floods
        }
        Some(TIME) => {
            options.timeout *= 10;
            Which::Slow
        }
        Some(_) => return try_forms(setup, report).await,
    };
    if which == Which::All {
        try_forms(setup, report).await?;
    }
    answers::try_all(options, which, report).await
}

/// What the forms are tried with.
struct Attempts {
    egress: LoneEgress,
    /// The client that is used instead of ours where redirects are followed.
    follower: Option<reqwest::Client>,
    names: Arc<Names>,
    provider: Provider,
    to_provider: LoneEndpoint,
    grant: Grant,
}

async fn try_forms(setup: &Setup, report: &mut Report) -> anyhow::Result<()> {
    let canaries = Canaries::listen(&places_heard()?).await?;
    let names = Arc::new(Names::default());
    let provider = Provider::start().await?;
    let attempts = Attempts {
        egress: calls::egress(EgressOptions::default(), &names)?,
        follower: setup.has(REDIRECT).then(crate::support::http_client).transpose()?,
        names,
        to_provider: calls::bound_to(provider.address(), "http")?,
        provider,
        grant: if setup.has(REACH) { Grant::Private } else { Grant::Public },
    };
    let (heard, unheard): (Vec<Form>, Vec<Form>) =
        forms::all(canaries.port())?.into_iter().partition(Form::is_heard);
    report.figure("forms of addresses", (heard.len() + unheard.len()) as u64);
    report.figure("canaries that listen", canaries.count() as u64);
    let mut tally = Tally::default();
    // Who follows redirects looks names up, which is not for a test to do.
    let is_tried = |form: &&Form| attempts.follower.is_none() || form.is_literal();
    for form in heard.iter().filter(is_tried) {
        attempts.try_form(form, setup, &mut tally).await?;
        tally.heard(form, canaries.heard().await?);
    }
    // Where a canary was heard nothing is sent to addresses that are somebody's.
    if tally.failures.is_empty() && setup.fault().is_none() {
        for form in &unheard {
            attempts.try_form(form, setup, &mut tally).await?;
        }
        tally.by_canaries += canaries.heard().await?;
    }
    report.figure("tried as an address or a path", tally.requests);
    report.figure("tried as a redirect", tally.redirects);
    report.figure("tried as what a name resolves to", tally.names);
    report.figure("connections heard by canaries", tally.by_canaries as u64);
    report.failures.append(&mut tally.failures);
    Ok(())
}

/// Every address on loopback that a form means.
fn places_heard() -> anyhow::Result<BTreeSet<IpAddr>> {
    let heard = forms::all(0)?.into_iter().filter(Form::is_heard).map(|form| form.address.to_canonical());
    let listening = heard.map(|address| match address {
        IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        loopback => loopback,
    });
    Ok(listening.collect())
}

#[derive(Default)]
struct Tally {
    requests: u64,
    redirects: u64,
    names: u64,
    by_canaries: usize,
    failures: Vec<String>,
}

impl Tally {
    fn heard(&mut self, form: &Form, connections: usize) {
        self.by_canaries += connections;
        if connections > 0 {
            self.failed(form, "a canary", &format!("heard {connections} connections"));
        }
    }

    fn failed(&mut self, form: &Form, whence: &str, what: &str) {
        self.failures.push(format!("forms.txt:{}: {:?} {whence}: {what}", form.line, form.text));
    }
}

impl Attempts {
    async fn try_form(&self, form: &Form, setup: &Setup, tally: &mut Tally) -> anyhow::Result<()> {
        if !setup.has(REDIRECT) {
            self.as_address(form, tally).await;
            self.as_path(form, tally).await;
            self.as_name(form, tally).await;
        }
        if !setup.has(REACH) {
            self.as_redirect(form, setup.cases(REDIRECTS), tally).await?;
        }
        Ok(())
    }

    /// In each place that says where an endpoint is; a name in it leads to what the form means.
    async fn as_address(&self, form: &Form, tally: &mut Tally) {
        self.names.answer(&[form.address]);
        for place in PLACES {
            tally.requests += 1;
            let Ok(endpoint) = calls::bound(place, &form.text, form.authority(), self.grant) else {
                continue;
            };
            self.refused(form, "as an address", &endpoint, tally).await;
        }
    }

    async fn refused(&self, form: &Form, whence: &str, endpoint: &LoneEndpoint, tally: &mut Tally) {
        let answer = calls::get(&self.egress, endpoint, "/v1/").await;
        let asked = self.names.asked();
        // Nobody can be called by a name whose address nobody asked for.
        let is_nowhere = matches!(answer, Err(HttpError::Unreachable(_))) && asked == 0 && !form.is_literal();
        if !calls::is_refused(&answer) && !is_nowhere {
            tally.failed(form, whence, &format!("{answer:?}"));
        }
        // A second question might be answered otherwise, and what was checked is not what is called.
        if asked > 1 {
            tally.failed(form, whence, &format!("its name was looked up {asked} times"));
        }
    }

    /// As what a connector asks an endpoint for that it may call: alone, and behind a path that is right.
    async fn as_path(&self, form: &Form, tally: &mut Tally) {
        self.provider.answers(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_vec());
        for path in [form.text.clone(), format!("/{}", form.text), format!("/v1/?to={}", form.text)] {
            tally.requests += 1;
            // The provider may answer; that it was asked for nobody else is what counts.
            drop(calls::get(&self.egress, &self.to_provider, &path).await);
            let host = self.provider.address().to_string();
            for hosts in self.provider.asked_for() {
                if hosts != [host.as_str()] {
                    tally.failed(form, "as a path", &format!("the provider was asked for {hosts:?}"));
                }
            }
        }
    }

    /// As the only answer of a name server, and among others of its kind.
    async fn as_name(&self, form: &Form, tally: &mut Tally) {
        let twin = match form.address {
            IpAddr::V4(address) => IpAddr::V6(address.to_ipv6_mapped()),
            IpAddr::V6(_) => Ipv4Addr::LOCALHOST.into(),
        };
        let metadata = Ipv4Addr::new(169, 254, 169, 254).into();
        let loopback = Ipv6Addr::LOCALHOST.into();
        let answers: [&[IpAddr]; 3] =
            [&[form.address], &[twin, form.address], &[metadata, loopback, form.address, form.address]];
        let answers = match self.grant {
            Grant::Public => answers.as_slice(),
            Grant::Private => answers.split_at(1).0,
        };
        for addresses in answers {
            self.names.answer(addresses);
            tally.names += 1;
            let port = form.authority().rsplit(':').next().and_then(|port| port.parse::<u16>().ok());
            let whole = format!("https://shop.example.com:{}", port.unwrap_or(443));
            let Ok(endpoint) = calls::bound(Place::Operator, &whole, "", self.grant) else { continue };
            self.refused(form, "as what a name resolves to", &endpoint, tally).await;
        }
    }

    async fn as_redirect(&self, form: &Form, redirects: u64, tally: &mut Tally) -> anyhow::Result<()> {
        self.names.answer(&[form.address]);
        let statuses = STATUSES.iter().cycle().skip(form.line);
        for status in statuses.take(usize::try_from(redirects)?) {
            self.provider.answers(provider::redirect(*status, &form.text));
            tally.redirects += 1;
            match &self.follower {
                // Where it is led to matters, not what it makes of it.
                Some(client) => {
                    drop(client.get(format!("http://{}/v1/", self.provider.address())).send().await);
                }
                None => drop(calls::get(&self.egress, &self.to_provider, "/v1/").await),
            }
            let asked = self.provider.asked_for().len();
            if asked != 1 || self.names.asked() > 0 {
                tally.failed(
                    form,
                    &format!("as a redirect {status}"),
                    &format!("{asked} requests were made"),
                );
            }
        }
        Ok(())
    }
}
