//! The files of a journal: whatever they hold, it opens or says why not, reads records in order, and what is then
//! acknowledged is there when it is opened again.
//!
//! Bytes alone would never get past a checksum, so the engine writes segments piece by piece and says where they lie. The
//! layout is the one told in the journal's `segment.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arbitrary::Arbitrary;
use crc32c::{crc32c, crc32c_append};
use hub_gates::{Image, LogDisk};
use hub_journal::{Entry, Journal, Options, Seq};

const DIR: &str = "/journal";
const VERSION: u32 = 1;
const SALT: u32 = 0x5eed_1234;
const RECORD_MAGIC: [u8; 4] = [0xff, b'R', b'c', 0xfe];
const SEGMENTS_MAX: usize = 4;
const DURABLE_WITHIN: Duration = Duration::from_secs(5);

#[derive(Arbitrary, Debug)]
struct Files {
    identity: Identity,
    /// What a file says was acknowledged last.
    acknowledged: Option<u16>,
    segments: Vec<Segment>,
    appended: Vec<u8>,
}

#[derive(Arbitrary, Debug)]
enum Identity {
    Sound,
    Missing,
    Other(Vec<u8>),
}

#[derive(Arbitrary, Debug)]
struct Segment {
    /// By its name.
    named: u8,
    /// By its header, beside that.
    first_off_by: i8,
    revision: u8,
    version: Option<u32>,
    is_of_another: bool,
    pieces: Vec<Piece>,
    is_called_otherwise: bool,
    cut: Option<u8>,
}

#[derive(Arbitrary, Debug)]
enum Piece {
    Record(Record),
    Bytes(Vec<u8>),
}

#[derive(Arbitrary, Debug)]
struct Record {
    seq_off_by: i8,
    kind: u8,
    flags: u8,
    time_ns: i64,
    stored: Vec<u8>,
    raw_bytes: Option<u32>,
    stored_bytes: Option<u32>,
    is_payload_sound: bool,
    is_head_sound: bool,
}

pub fn try_one(bytes: &[u8]) {
    let Some(files) = crate::typed::<Files>(bytes) else { return };
    let disk = Arc::new(LogDisk::holding(&files.image()));
    let options = || Options { segment_bytes_max: 4_096, record_bytes_max: 1 << 20, ..Options::default() };
    let open = || Journal::open_on(Arc::clone(&disk) as Arc<_>, Path::new(DIR), options());
    let Ok((journal, found)) = open() else { return };
    assert!(read_all(&journal) <= found.last, "there is a record behind the last");
    let entry = || Entry { kind: 1, time_ns: 1, payload: files.appended.clone() };
    let Ok(seq) = journal.append_blocking(entry()) else { return };
    assert!(seq > found.last, "a number is given twice");
    assert!(journal.wait_durable_blocking(found.last, DURABLE_WITHIN) >= seq, "it does not become durable");
    drop(journal);

    let (again, found) = open().expect("a journal that was written to opens");
    assert_eq!(found.last, seq, "what was acknowledged is not the last");
    let record = again.read(seq).expect("what was acknowledged is there");
    assert_eq!(record.payload, files.appended, "it is not what was appended");
}

/// The number of the last record.
fn read_all(journal: &Journal) -> Seq {
    let mut reader = journal.reader(Seq::ZERO);
    let mut last = Seq::ZERO;
    // Damage that only reading meets ends the walk; opening has named what it could.
    while let Ok(Some(record)) = reader.next() {
        assert!(record.seq > last, "records are out of order");
        last = record.seq;
    }
    last
}

impl Files {
    fn image(&self) -> Image {
        let mut files = BTreeMap::new();
        let at = |name: &str| Path::new(DIR).join(name);
        match &self.identity {
            Identity::Sound => drop(files.insert(at("journal.id"), sealed(b"OHJRNLID", &SALT.to_le_bytes()))),
            Identity::Missing => {}
            Identity::Other(bytes) => drop(files.insert(at("journal.id"), bytes.clone())),
        }
        if let Some(last) = self.acknowledged {
            let said = [SALT.to_le_bytes().as_slice(), &u64::from(last).to_le_bytes()].concat();
            files.insert(at("journal.acknowledged"), sealed(b"OHJRNACK", &said));
        }
        for segment in self.segments.iter().take(SEGMENTS_MAX) {
            let ending = if segment.is_called_otherwise { "rewriting" } else { "seg" };
            files.insert(at(&format!("{:020}.{ending}", segment.named)), segment.bytes());
        }
        Image { files, dirs: BTreeSet::from([DIR.into()]) }
    }
}

/// Magic, version, content, checksum.
fn sealed(magic: &[u8; 8], content: &[u8]) -> Vec<u8> {
    sealed_as(magic, VERSION, content)
}

fn sealed_as(magic: &[u8; 8], version: u32, content: &[u8]) -> Vec<u8> {
    let mut bytes = [magic.as_slice(), &version.to_le_bytes(), content].concat();
    bytes.extend(crc32c(&bytes).to_le_bytes());
    bytes
}

impl Segment {
    fn bytes(&self) -> Vec<u8> {
        let first = u64::from(self.named).wrapping_add_signed(self.first_off_by.into());
        let salt = if self.is_of_another { SALT ^ 1 } else { SALT };
        let mut head = salt.to_le_bytes().to_vec();
        head.extend(first.to_le_bytes());
        head.extend(u32::from(self.revision).to_le_bytes());
        let mut bytes = sealed_as(b"OHJRNSEG", self.version.unwrap_or(VERSION), &head);
        let mut next = first;
        for piece in &self.pieces {
            match piece {
                Piece::Bytes(other) => bytes.extend_from_slice(other),
                Piece::Record(record) => {
                    let seq = next.wrapping_add_signed(record.seq_off_by.into());
                    record.write(seq, &mut bytes);
                    next = seq.wrapping_add(1);
                }
            }
        }
        bytes.truncate(bytes.len().saturating_sub(self.cut.unwrap_or(0).into()));
        bytes
    }
}

impl Record {
    fn write(&self, seq: u64, out: &mut Vec<u8>) {
        let bytes = u32::try_from(self.stored.len()).unwrap_or(u32::MAX);
        let crc = crc32c(&self.stored) ^ u32::from(!self.is_payload_sound);
        let mut head = RECORD_MAGIC.to_vec();
        head.extend(crc.to_le_bytes());
        head.extend(self.stored_bytes.unwrap_or(bytes).to_le_bytes());
        head.extend(self.raw_bytes.unwrap_or(bytes).to_le_bytes());
        head.extend([self.kind, self.flags, 0, 0]);
        head.extend(seq.to_le_bytes());
        head.extend(self.time_ns.to_le_bytes());
        let crc = crc32c_append(SALT, &head) ^ u32::from(!self.is_head_sound);
        head.extend(crc.to_le_bytes());
        out.extend(head);
        out.extend_from_slice(&self.stored);
    }
}
