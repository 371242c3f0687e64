//! What is said of an order and cannot be true. It is reported, so that somebody looks; nothing is put right in silence.

use serde::Serialize;

use super::Order;
use crate::money::{Money, MoneyError};

/// What cannot be true of an order, and is said of it all the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "breach")]
pub enum OrderBreach {
    /// More was paid back than the order came to.
    RefundedMoreThanPaid { refunded: Money, total: Money },
    /// Amounts of two currencies, which nobody can compare.
    Currencies { total: String, refund: String },
    /// A refund that would take money from the customer.
    NegativeRefund { refund: String, amount: Money },
    /// Less than nothing was ordered.
    NegativeQuantity { line: String },
    /// The sum of the refunds is beyond what can be counted.
    RefundsOverflow,
}

impl Order {
    /// Every rule the order breaks. Parcels say nothing of what is in them, so that what was sent cannot be held against
    /// what was ordered.
    #[must_use]
    pub fn breaches(&self) -> Vec<OrderBreach> {
        let lines = self.lines.iter().flat_map(|lines| &lines.value).filter(|line| line.quantity < 0);
        let mut breaches: Vec<_> =
            lines.map(|line| OrderBreach::NegativeQuantity { line: line.id.clone() }).collect();
        let refunds =
            self.refunds.iter().filter_map(|(id, refund)| Some((id, &refund.amount.as_ref()?.value)));
        let mut refunded: Option<Money> = None;
        for (id, amount) in refunds {
            if amount.minor < 0 {
                breaches.push(OrderBreach::NegativeRefund { refund: id.clone(), amount: amount.clone() });
            }
            let sum = refunded.as_ref().map_or_else(|| Ok(amount.clone()), |sum| sum.checked_add(amount));
            match sum {
                Ok(sum) => refunded = Some(sum),
                Err(MoneyError::Currency { left, right }) => {
                    breaches.push(OrderBreach::Currencies { total: left, refund: right });
                }
                Err(MoneyError::Overflow) => breaches.push(OrderBreach::RefundsOverflow),
            }
        }
        breaches.extend(self.total.as_ref().zip(refunded).and_then(|(total, refunded)| {
            let total = total.value.clone();
            match (total.currency == refunded.currency, refunded.minor > total.minor) {
                (false, _) => {
                    Some(OrderBreach::Currencies { total: total.currency, refund: refunded.currency })
                }
                (true, true) => Some(OrderBreach::RefundedMoreThanPaid { refunded, total }),
                (true, false) => None,
            }
        }));
        breaches
    }
}
