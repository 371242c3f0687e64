//! The story the demo tells: Ana's order is late, and she says so by e-mail on Monday, by phone on Wednesday and on
//! Instagram on Thursday; Ben is happy; a guest stays a guest; providers repeat themselves, contradict the order of time
//! and once send rubbish; somebody tries to forge a payment. All people, ids and texts are invented.

mod calendar;
mod desk;
mod meta;
mod set_up;
mod shop;
mod square;

use jiff::Timestamp;

use crate::support::delivery::{Outgoing, Signer};
use calendar::{Calendar, LAST_WEEK, MONDAY, WEDNESDAY};
pub use set_up::set_up;

/// Whom the demo looks up at the end.
pub const ANA_EMAIL: &str = "ana.ferreira@example.com";
/// Whose decision the demo explains.
pub const TAG_RULE: &str = "tag-unhappy-customer";

/// Deliveries that belong together; the next scene begins when all of it is done.
#[derive(Clone, Debug)]
pub struct Scene {
    pub title: &'static str,
    pub steps: Vec<Step>,
}

/// One delivery, and how the hub has to answer.
#[derive(Clone, Debug)]
pub struct Step {
    pub delivery: Outgoing,
    pub signer: Signer,
    pub expected_status: u16,
}

const OK: u16 = 200;
const UNAUTHORIZED: u16 = 401;

impl From<Outgoing> for Step {
    fn from(delivery: Outgoing) -> Self {
        Self { delivery, signer: Signer::Provider, expected_status: OK }
    }
}

/// Signed by somebody who does not know the secret.
fn forged(delivery: Outgoing) -> Step {
    Step { delivery, signer: Signer::Stranger, expected_status: UNAUTHORIZED }
}

/// Everybody and everything that comes up more than once.
struct Cast {
    when: Calendar,
    lamp: shop::Item,
    vase: shop::Item,
    ana: shop::Customer,
    ana_at_desk: desk::User,
    ana_member: square::Member,
    ben: shop::Customer,
}

const ANA_WHATSAPP: &str = "12025550147";
const ANA_IGSID: &str = "7300000000000147";
const ANA_ORDER_TOKEN: &str = "b1946ac92492d2347c6235b4d2611184";
const BEN_IGSID: &str = "7300000000000182";
const LAMP_IN_STOCK: &str = "LAMPOAKVARIATION01";

impl Cast {
    fn new(when: Calendar) -> Self {
        Self {
            when,
            lamp: shop::Item {
                variant: 48_201_773_900_101,
                sku: "LAMP-OAK-01",
                title: "Oak reading lamp",
                price: "129.00",
            },
            vase: shop::Item {
                variant: 48_201_773_900_202,
                sku: "VASE-CLAY-04",
                title: "Clay vase, tall",
                price: "48.50",
            },
            ana: shop::Customer {
                id: 7_104_417_300_147,
                given_name: "Ana",
                family_name: "Ferreira",
                email: ANA_EMAIL,
                phone: "+12025550147",
                since: when.at(LAST_WEEK, 16, 5),
            },
            ana_at_desk: desk::User {
                id: "18900147",
                name: "Ana Ferreira",
                email: ANA_EMAIL,
                phone: "+1 (202) 555-0147",
            },
            ana_member: square::Member {
                account: "loyalty-ana-0147",
                phone: "+12025550147",
                since: when.at(LAST_WEEK, 16, 20),
            },
            ben: shop::Customer {
                id: 7_104_417_300_182,
                given_name: "Ben",
                family_name: "Okafor",
                email: "ben.okafor@example.com",
                phone: "+12025550182",
                since: when.at(LAST_WEEK, 10, 0),
            },
        }
    }

    fn ana_order(&self) -> shop::Order<'_> {
        shop::Order {
            id: 820_982_911_946_154_147,
            number: 2041,
            token: ANA_ORDER_TOKEN,
            item: &self.lamp,
            customer: Some(&self.ana),
            email: ANA_EMAIL,
            placed: self.when.at(LAST_WEEK, 16, 31),
        }
    }

    fn ben_order(&self) -> shop::Order<'_> {
        shop::Order {
            id: 820_982_911_946_154_182,
            number: 2038,
            token: "591785b794601e212b260e25925636fd",
            item: &self.vase,
            customer: Some(&self.ben),
            email: "ben.okafor@example.com",
            placed: self.when.at(LAST_WEEK, 10, 12),
        }
    }

    fn guest_order(&self) -> shop::Order<'_> {
        shop::Order {
            id: 820_982_911_946_154_203,
            number: 2042,
            token: "6f5902ac237024bdd0c176cb93063dc4",
            item: &self.vase,
            customer: None,
            email: "guest.of.the.day@example.net",
            placed: self.when.at(LAST_WEEK, 17, 2),
        }
    }
}

/// The whole story as it would have happened up to now.
#[must_use]
pub fn story(now: Timestamp) -> Vec<Scene> {
    let cast = Cast::new(Calendar::new(now));
    vec![
        Scene { title: "Last week: three orders, one lamp that is not there", steps: last_week(&cast) },
        Scene { title: "Monday: Ana writes an e-mail", steps: monday(&cast) },
        Scene { title: "Wednesday: Ana calls", steps: wednesday(&cast) },
        Scene { title: "Thursday: Ana writes on Instagram, and Ben is happy", steps: thursday(&cast) },
        Scene { title: "Meanwhile: repeats, stale news, rubbish and a forgery", steps: noise(&cast) },
    ]
}

fn last_week(cast: &Cast) -> Vec<Step> {
    let order = cast.ana_order();
    let placed = order.placed;
    let at = |minutes, paid, tags| shop::State { updated: placed.later(minutes), paid, sent: None, tags };
    let ben = cast.ben_order();
    let guest = cast.guest_order();
    let unsent = |placed| shop::State { updated: placed, paid: "paid", sent: None, tags: "" };
    let joined = cast.ana_member.since;
    let deliveries = [
        shop::delivery("wh-1001", "customers/create", &shop::customer(&cast.ana, cast.ana.since)),
        shop::delivery("wh-1002", "orders/create", &shop::order(&order, &at(0, "pending", ""))),
        // The newer of two updates comes first; the older must not undo it.
        shop::delivery("wh-1004", "orders/updated", &shop::order(&order, &at(9, "paid", "backorder"))),
        shop::delivery("wh-1003", "orders/updated", &shop::order(&order, &at(2, "authorized", ""))),
        square::counted("sq-1001", LAMP_IN_STOCK, "0", placed.later(3)),
        square::account("sq-1002", "loyalty.account.created", &cast.ana_member, 0, joined),
        square::earned("sq-1003", &cast.ana_member, "loyalty-entry-0001", 129, placed.later(4)),
        square::account("sq-1004", "loyalty.account.updated", &cast.ana_member, 129, placed.later(4)),
        shop::delivery("wh-1005", "orders/create", &shop::order(&ben, &unsent(ben.placed))),
        shop::delivery("wh-1006", "orders/create", &shop::order(&guest, &unsent(guest.placed))),
    ];
    deliveries.map(Step::from).into()
}

fn monday(cast: &Cast) -> Vec<Step> {
    let wrote = cast.when.at(MONDAY, 9, 14);
    let ticket = desk::Ticket {
        id: "35436",
        subject: "Order #2041 has not arrived",
        requester: &cast.ana_at_desk,
        via: "email",
        created: wrote,
    };
    let text = "Hello, my order #2041 should have been here last week and it still has not arrived. \
                Could you tell me where it is?";
    let note = "The lamp is on back order; asked the workshop for a date.";
    let deliveries = [
        desk::user_created("ze-2001", &cast.ana_at_desk, wrote),
        desk::ticket_created("ze-2002", &ticket),
        desk::comment_added("ze-2003", &ticket, "5120001", text, wrote),
        desk::note_added("ze-2004", &ticket, "5120002", note, wrote.later(50)),
    ];
    deliveries.map(Step::from).into()
}

fn wednesday(cast: &Cast) -> Vec<Step> {
    let called = cast.when.at(WEDNESDAY, 14, 40);
    let ticket = desk::Ticket {
        id: "35467",
        subject: "Phone call from +1 (202) 555-0147",
        requester: &cast.ana_at_desk,
        via: "email",
        created: called,
    };
    let summary = "Ana asks for the third time when her lamp will arrive. Nobody has answered her e-mail. Promised to call back.";
    let notice = "wamid.shop-back-order-0147";
    let sent = called.later(30);
    let deliveries = [
        desk::call_by_trigger("ze-2005", &ticket, summary),
        // The shop's notice, which she read: her phone is how the hub knows that it is her. All of it comes backwards.
        meta::whatsapp_status("wa-3001", ANA_WHATSAPP, notice, "read", sent.later(2)),
        meta::whatsapp_status("wa-3002", ANA_WHATSAPP, notice, "delivered", sent.later(1)),
        meta::whatsapp_status("wa-3003", ANA_WHATSAPP, notice, "sent", sent),
        meta::whatsapp_echo(
            "wa-3004",
            ANA_WHATSAPP,
            notice,
            "We are looking for your lamp and will call you back.",
            sent,
        ),
    ];
    deliveries.map(Step::from).into()
}

fn thursday(cast: &Cast) -> Vec<Step> {
    let today = |minutes| cast.when.ago(minutes);
    let ben = cast.ben_order();
    let arrived = shop::State { updated: today(40), paid: "paid", sent: Some("fulfilled"), tags: "" };
    let complaint = "This is ridiculous. A week late, nobody answers my e-mail and nobody calls back. \
                     I am very disappointed and I want my money back!";
    let deliveries = [
        meta::instagram_message_about_order(
            "ig-4001",
            ANA_IGSID,
            "mid.ana-1",
            complaint,
            ANA_ORDER_TOKEN,
            today(12),
        ),
        meta::whatsapp_message(
            "wa-3005",
            ANA_WHATSAPP,
            "Ana Ferreira",
            "wamid.ana-0001",
            "The order number is 2041, the lamp in oak.",
            today(9),
        ),
        shop::delivery("wh-1007", "orders/fulfilled", &shop::order(&ben, &arrived)),
        meta::instagram_message(
            "ig-4002",
            BEN_IGSID,
            "mid.ben-1",
            "The vase arrived and it is beautiful, thank you so much!",
            today(8),
        ),
        meta::instagram_message(
            "ig-4003",
            BEN_IGSID,
            "mid.ben-2",
            "My door code is, wait, wrong chat",
            today(7),
        ),
        meta::instagram_unsent("ig-4004", BEN_IGSID, "mid.ben-2", today(6)),
    ];
    deliveries.map(Step::from).into()
}

fn noise(cast: &Cast) -> Vec<Step> {
    let order = cast.ana_order();
    let state =
        |minutes, paid, tags| shop::State { updated: order.placed.later(minutes), paid, sent: None, tags };
    let today = |minutes| cast.when.ago(minutes);
    let monday = cast.when.at(MONDAY, 9, 14);
    let ticket = desk::Ticket {
        id: "35436",
        subject: "Order #2041 has not arrived",
        requester: &cast.ana_at_desk,
        via: "email",
        created: monday,
    };
    let paid = shop::order(&order, &state(9, "paid", "backorder"));
    let refunded = shop::order(&order, &state(20, "refunded", ""));
    let mut steps: Vec<Step> = [
        // A retry has the same webhook id, however often it is sent; Square's has the same event id.
        shop::delivery("wh-1004", "orders/updated", &paid),
        shop::delivery("wh-1004", "orders/updated", &paid),
        square::earned("sq-1003", &cast.ana_member, "loyalty-entry-0001", 129, order.placed.later(4)),
        // Meta names no delivery: the same bytes again are the same delivery.
        meta::instagram_unsent("ig-4004", BEN_IGSID, "mid.ben-2", today(6)),
        // The shelf was filled this morning; yesterday's count comes late.
        square::counted("sq-1006", LAMP_IN_STOCK, "25", today(30)),
        square::counted("sq-1005", LAMP_IN_STOCK, "0", cast.when.at(WEDNESDAY, 18, 0)),
        desk::ticket_solved("ze-2006", &ticket, today(5)),
        shop::not_understood("wh-1008"),
    ]
    .map(Step::from)
    .into();
    steps.push(forged(shop::delivery("wh-1009", "orders/updated", &refunded)));
    steps.push(forged(Outgoing {
        connection: "no-such-connection".into(),
        ..shop::not_understood("wh-1010")
    }));
    steps
}
