//! That a broken word is noticed.

use super::*;
use crate::chance::Chance;
use crate::disk::LogDisk;
use crate::workload::{Pace, Workload, open};

/// A journal of some appends, closed, and what it has promised.
fn lived() -> (Image, Promised) {
    let disk = LogDisk::new(&[]);
    let (journal, _) = open(&disk).unwrap();
    let mut workload = Workload::new(&disk, journal, Promised::default(), Chance(1), Pace::OneByOne).unwrap();
    for _ in 0..6 {
        workload.append_or_break().unwrap();
    }
    let promised = workload.finish();
    (disk.seen(), promised)
}

fn checked(image: &Image, mut promised: Promised) -> Result<Vec<Promise>, Broken> {
    let disk = LogDisk::with(image, &[]);
    let (journal, recovery) = open(&disk).unwrap();
    promised.check(&journal, &recovery, &disk.seen())
}

fn broken(promised: Promised) -> String {
    checked(&lived().0, promised).unwrap_err().0
}

#[test]
fn a_kept_word_is_kept() {
    let (image, promised) = lived();
    assert!(checked(&image, promised).unwrap().is_empty());
}

#[test]
fn a_record_too_few_or_another_is_noticed() {
    let (_, promised) = lived();
    let (next, last) = (promised.offered() + 1, promised.last());
    let with = |promise: Promise| {
        let mut promised = promised.clone();
        promised.take(&promise);
        promised
    };
    let more = with(Promise::Acknowledged { seq: last + 1, offer: next });
    assert_eq!(broken(more), format!("record {} is acknowledged and lost", last + 1));
    let another = with(Promise::Acknowledged { seq: last, offer: next });
    assert_eq!(broken(another), format!("record {last} is not what was appended"));
    let erased = with(Promise::Erased([1].into()));
    assert_eq!(broken(erased), "record 1 is erased and there again");
    let retired = with(Promise::Retired { through: 1 });
    assert_eq!(broken(retired), "record 1 is retired and there again");
}

#[test]
fn what_nobody_promised_must_at_least_have_been_offered() {
    let (image, promised) = lived();
    let mut unpromised = Promised::default();
    unpromised.take(&Promise::Offered { through: promised.offered() });
    assert_eq!(checked(&image, unpromised).unwrap().len() as u64, promised.last());
    assert_eq!(broken(Promised::default()), "record 1 was never offered at this place");
}

#[test]
fn an_offer_is_found_in_a_segment_by_its_first_words() {
    let (image, promised) = lived();
    for (_, offer) in promised.whole() {
        assert!(image.files.values().any(|content| holds(content, &mark(offer))), "offer {offer}");
    }
}
