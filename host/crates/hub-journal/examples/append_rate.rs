//! Prints how many durable appends a second this machine's disk gives, and how long opening takes.
//!
//! `cargo run --release -p hub-journal --example append_rate -- <folder> [appenders] [entries] [payload bytes]`
#![expect(clippy::print_stdout, reason = "printing figures is all it does")]

use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

use hub_journal::{AppendError, Entry, Journal, Options, Seq};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("which folder?")?);
    let mut number = |default: u64| arguments.next().map_or(Ok(default), |text| text.parse());
    let (appenders, entries, payload_bytes) = (number(64)?, number(100_000)?, number(600)?);
    let payload: Vec<u8> =
        r#"{"id":1001,"note":"example"},"#.bytes().cycle().take(usize::try_from(payload_bytes)?).collect();

    let (journal, _) = Journal::open(&folder, Options::default())?;
    let started = Instant::now();
    let threads: Vec<_> = (0..appenders)
        .map(|_| {
            let (journal, payload) = (journal.clone(), payload.clone());
            std::thread::spawn(move || append_share(&journal, &payload, entries / appenders.max(1)))
        })
        .collect();
    for thread in threads {
        thread.join().map_err(|_| "an appender panicked")??;
    }
    let stats = journal.stats();
    let rate = u128::from(stats.entries) * 1_000 / started.elapsed().as_millis().max(1);
    println!("{appenders} appenders: {rate} durable entries/s in {} batches", stats.batches);
    journal.close();
    drop(journal);

    let started = Instant::now();
    let (journal, recovery) = Journal::open(&folder, Options::default())?;
    let stats = journal.stats();
    println!("opened {} records in {} segments in {:?}", recovery.last, stats.segments, started.elapsed());

    let started = Instant::now();
    let mut reader = journal.reader(Seq::ZERO);
    let mut read = 0_u64;
    while reader.next()?.is_some() {
        read += 1;
    }
    println!("read {read} records in {:?}", started.elapsed());
    Ok(())
}

fn append_share(journal: &Journal, payload: &[u8], entries: u64) -> Result<(), AppendError> {
    for _ in 0..entries {
        let entry = Entry { kind: 1, time_ns: 0, payload: payload.to_vec() };
        match journal.append_blocking(entry) {
            Ok(_) => {}
            Err(AppendError::Busy) => std::thread::yield_now(),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
