//! What has arrived is remembered for as long as any provider may send it again, and then forgotten.

use hub_fold::seen;
use hub_store::{Store, Table};

use crate::support::{Hub, dedupe, told};

const DAY: i64 = 24 * 60;

#[test]
fn keys_of_deliveries_are_kept_nine_days_and_no_longer() {
    let mut hub = Hub::new(&[]);
    let first = hub.seq + 1;
    hub.tell(&told("shop", 0, vec![]));
    assert_eq!(seen(&hub.store, &dedupe(first)).unwrap(), Some(first));
    assert_eq!(seen(&hub.store, &[9; 16]).unwrap(), None);
    // Enough records for forgetting to have come round.
    let mut busy = |minute| (0..70).for_each(|_| drop(hub.tell(&told("shop", minute, vec![]))));
    busy(9 * DAY - 1);
    busy(9 * DAY);
    assert_eq!(seen(&hub.store, &dedupe(first)).unwrap(), Some(first));
    let mut busy = |minute| (0..70).for_each(|_| drop(hub.tell(&told("shop", minute, vec![]))));
    busy(9 * DAY + 1);
    assert_eq!(seen(&hub.store, &dedupe(first)).unwrap(), None);
    assert_eq!(hub.store.count(Table::Dedupe).unwrap(), 210, "only the old one is gone");
}
