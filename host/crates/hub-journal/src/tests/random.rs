//! Random lives of a journal: appends, rewriting, stops of every kind and failing disks, in any order.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;

use super::mem_disk::{Faults, MemDisk, WriteFault};
use super::{entry, small_segments};
use crate::{Change, Entry, Journal, Options, ReadError, Seq};

#[derive(Debug, Clone)]
enum Act {
    Append(u64),
    AppendAll(Vec<u64>),
    /// Submitted at once and never waited for: the crash after it may come at any moment.
    Submit(Vec<u64>),
    /// Of what was acknowledged, so many from the front in steps of so many.
    Rewrite {
        count: usize,
        step: usize,
    },
    Close,
    Kill,
    PowerCut(u64),
    FailWrite {
        nth: u64,
        kept: usize,
    },
    FailSync(u64),
}

fn act() -> impl Strategy<Value = Act> {
    let number = 1..500_u64;
    prop_oneof![
        4 => number.clone().prop_map(Act::Append),
        2 => vec(number.clone(), 1..8).prop_map(Act::AppendAll),
        2 => vec(number, 1..8).prop_map(Act::Submit),
        2 => (1..20_usize, 1..5_usize).prop_map(|(count, step)| Act::Rewrite { count, step }),
        1 => Just(Act::Close),
        1 => Just(Act::Kill),
        2 => any::<u64>().prop_map(Act::PowerCut),
        1 => (1..4_u64, 0..200_usize).prop_map(|(nth, kept)| Act::FailWrite { nth, kept }),
        1 => (1..4_u64).prop_map(Act::FailSync),
    ]
}

/// A journal together with what it has promised.
struct Life {
    disk: MemDisk,
    journal: Option<Journal>,
    options: Options,
    acknowledged: BTreeMap<u64, Entry>,
    /// What a record may also be, since rewriting it failed.
    tried: BTreeMap<u64, Vec<Entry>>,
    rewrites: usize,
}

impl Life {
    fn begin(segment_bytes: u64) -> Self {
        let disk = MemDisk::default();
        let options = small_segments(segment_bytes);
        let (journal, _) = super::open(&disk, options.clone());
        let (acknowledged, tried) = (BTreeMap::new(), BTreeMap::new());
        Self { disk, journal: Some(journal), options, acknowledged, tried, rewrites: 0 }
    }

    fn live(&mut self, act: &Act) {
        let journal = self.journal.clone().unwrap();
        match act {
            Act::Append(number) => {
                if let Ok(seq) = journal.append_blocking(entry(*number)) {
                    self.acknowledged.insert(seq.get(), entry(*number));
                }
            }
            Act::AppendAll(numbers) => {
                let entries: Vec<_> = numbers.iter().copied().map(entry).collect();
                let outcome = crate::queue::block_on(journal.append_all(entries.clone()), None).unwrap();
                let seqs = outcome.unwrap_or_default().into_iter().map(Seq::get);
                self.acknowledged.extend(seqs.zip(entries));
            }
            Act::Submit(numbers) => {
                for number in numbers {
                    drop(journal.append(entry(*number)));
                }
            }
            Act::Rewrite { count, step } => self.rewrite(&journal, *count, *step),
            Act::Close => self.reopen_on(MemDisk::clone),
            Act::Kill => self.reopen_on(MemDisk::after_kill),
            Act::PowerCut(seed) => self.reopen_on(|disk| disk.after_power_cut(*seed)),
            Act::FailWrite { nth, kept } => {
                let write = Some(WriteFault { nth: *nth, kept: *kept });
                self.disk.set_faults(Faults { write, ..Faults::default() });
            }
            Act::FailSync(nth) => self.disk.set_faults(Faults { sync: Some(*nth), ..Faults::default() }),
        }
    }

    fn rewrite(&mut self, journal: &Journal, count: usize, step: usize) {
        let numbers: BTreeSet<u64> = self.acknowledged.keys().copied().step_by(step).take(count).collect();
        self.rewrites += 1;
        let payload = format!("rewrite {}", self.rewrites).repeat(self.rewrites * 20 % 90).into_bytes();
        let to = |_: Seq, _: &Entry| Change::To { kind: 251, payload: payload.clone() };
        let seqs = numbers.iter().copied().map(Seq::new).collect();
        let outcome = journal.rewrite(&seqs, to, |_| {});
        for number in &numbers {
            let promised = self.acknowledged.get_mut(number).unwrap();
            let new = Entry { kind: 251, payload: payload.clone(), ..promised.clone() };
            if outcome.is_ok() {
                *promised = new;
                self.tried.remove(number);
            } else {
                self.tried.entry(*number).or_default().push(new);
            }
        }
        if let Ok(rewritten) = outcome {
            assert_eq!((rewritten.damaged.len(), rewritten.absent.len()), (0, 0));
            assert_eq!(rewritten.changed + rewritten.unchanged, numbers.len() as u64);
            self.check();
        }
    }

    fn reopen_on(&mut self, image: impl FnOnce(&MemDisk) -> MemDisk) {
        let crashed = image(&self.disk);
        if let Some(journal) = self.journal.take() {
            journal.close();
        }
        crashed.set_faults(Faults::default());
        let (journal, recovery) = super::open(&crashed, self.options.clone());
        let promised = self.acknowledged.last_key_value().map_or(0, |(seq, _)| *seq);
        assert!(recovery.last.get() >= promised, "{} < {promised}", recovery.last);
        self.disk = crashed;
        self.journal = Some(journal);
        self.check();
    }

    /// All that was acknowledged is there; what is there beyond that was appended once, as it is.
    fn check(&mut self) {
        let journal = self.journal.clone().unwrap();
        let durable = journal.durable().get();
        let mut reader = journal.reader(Seq::new(1));
        for seq in 1..=durable {
            match (reader.next(), self.acknowledged.get(&seq)) {
                (Ok(Some(record)), promised) => {
                    assert_eq!(record.seq.get(), seq);
                    let found = Entry { kind: record.kind, time_ns: record.time_ns, payload: record.payload };
                    let number = u64::try_from(found.time_ns / 1_000).unwrap();
                    if !self.tried.get(&seq).is_some_and(|tried| tried.contains(&found)) {
                        assert_eq!(&found, promised.unwrap_or(&entry(number)));
                    }
                    self.acknowledged.insert(seq, found);
                }
                // A hole in a batch that was torn by the power cut.
                (Err(ReadError::Quarantined { .. } | ReadError::Damaged { .. }), None) => {}
                (outcome, promised) => panic!("{seq}: {outcome:?}, promised {promised:?}"),
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn whatever_happens_the_promise_is_kept(segment_bytes in 100..2_000_u64, acts in vec(act(), 1..40)) {
        let mut life = Life::begin(segment_bytes);
        for act in &acts {
            life.live(act);
        }
        life.live(&Act::Close);
        life.live(&Act::PowerCut(1));
    }

    #[test]
    fn no_bytes_in_the_folder_make_it_panic(
        first in vec(any::<u8>(), 0..200),
        second in vec(any::<u8>(), 0..200),
        splice in 0..400_usize,
    ) {
        let disk = MemDisk::default();
        super::fill(&super::open(&disk, small_segments(200)).0, 1..=6);
        for (path, noise) in super::segment_paths(&disk).iter().zip([first, second]) {
            let mut bytes = disk.contents(path);
            let at = splice.min(bytes.len());
            bytes.splice(at.., noise);
            disk.set_contents(path, bytes);
        }
        let (journal, _) = super::open(&disk, small_segments(200));
        for (number, answer) in (1..).zip(super::read_all(&journal, 1)) {
            if let Ok(record) = answer {
                prop_assert_eq!(record, super::as_record(number, entry(number)));
            }
        }
    }
}
