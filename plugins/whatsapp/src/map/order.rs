//! A cart sent from the catalogue. It is an order without payment; prices are numbers of major units.

use omnihub_plugin::exact::{money, quantity};
use omnihub_plugin::model::{Money, Order, OrderLine};
use omnihub_plugin::{Event, Payload};

use super::people::Person;
use super::{Map, Place, Sent, text};
use crate::wire::CartItem;

/// A quantity counts millionths.
const ONE: i128 = 1_000_000;

impl Map<'_> {
    pub(super) fn order(&mut self, place: &Place<'_>, sent: &Sent, id: &str) {
        let items = sent.message.order.as_ref().and_then(|cart| cart.product_items.as_ref());
        let mut lines = Vec::new();
        let mut is_whole = true;
        for (index, item) in items.into_iter().flatten().enumerate() {
            let line = item.as_ref().and_then(|item| to_line(item, index));
            is_whole &= line.as_ref().is_some_and(|line| line.unit_price.is_some());
            if line.as_ref().is_none_or(|line| line.unit_price.is_none()) {
                let path = format!("{}/order/product_items/{index}", place.path);
                self.malformed(&path, "the item has no exact quantity or price");
            }
            lines.extend(line);
        }
        let order = Order {
            buyer: sent.person.as_ref().map(Person::party),
            total: if is_whole { total(&lines) } else { None },
            placed_at: sent.time,
            source: Some("whatsapp".into()),
            note: sent.message.order.as_ref().and_then(|cart| text(&cart.text)),
            lines: Some(lines),
            ..Order::new(id)
        };
        let event = Event::once("order.created", id, sent.time, self.received_at, Payload::Order(order));
        self.gather.add(&place.path, event);
    }
}

fn to_line(item: &CartItem, index: usize) -> Option<OrderLine> {
    let sku = text(&item.product_retailer_id);
    let price = text(&item.item_price).zip(text(&item.currency));
    Some(OrderLine {
        id: sku.clone().unwrap_or_else(|| index.to_string()),
        sku,
        title: None,
        quantity: quantity(&text(&item.quantity)?).ok()?,
        unit_price: price.and_then(|(price, currency)| money(&price, &currency).ok()),
    })
}

/// The sum of the lines in whole minor units; none when the currencies differ or it is not exact.
fn total(lines: &[OrderLine]) -> Option<Money> {
    let currency = &lines.first()?.unit_price.as_ref()?.currency;
    let mut sum: i128 = 0;
    for line in lines {
        let price = line.unit_price.as_ref().filter(|price| price.currency == *currency)?;
        let millionths = i128::from(price.minor) * i128::from(line.quantity);
        sum = sum.checked_add(millionths)?;
    }
    let minor = i64::try_from(sum / ONE).ok().filter(|_| sum % ONE == 0)?;
    Some(Money { minor, currency: currency.clone() })
}
