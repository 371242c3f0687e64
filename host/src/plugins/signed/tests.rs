//! Signatures by minisign itself, and what somebody could do to a component or to its signature on the way.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minisign::KeyPair;

use super::{Publishers, SignatureProblem, signature_of};

const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0 the bytes of a component";
const OTHER: &[u8] = b"\0asm\x0d\0\x01\0 the bytes of another one!";

/// The number of points of edwards25519, first byte least: <https://www.rfc-editor.org/rfc/rfc8032#section-5.1>.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// Where things lie in a signature's second line: the kind, the key's number, the signature.
const KEY_NUMBER: std::ops::Range<usize> = 2..10;
const SECOND_HALF: usize = 2 + 8 + 32;

fn keys() -> KeyPair {
    KeyPair::generate_unencrypted_keypair().unwrap()
}

fn publishers(named: &[(&str, &KeyPair)]) -> Publishers {
    let mut publishers = Publishers::default();
    for (name, keys) in named {
        publishers.add((*name).to_owned(), &keys.pk.to_base64()).unwrap();
    }
    publishers
}

fn sign(keys: &KeyPair, bytes: &[u8], comment: &str) -> String {
    minisign::sign(Some(&keys.pk), &keys.sk, bytes, Some(comment), None).unwrap().into_string()
}

/// A component and the text of its signature, as they arrive.
#[derive(Clone)]
struct Arrived {
    component: Vec<u8>,
    signature: Vec<u8>,
}

impl Arrived {
    fn signer(&self, publishers: &Publishers) -> Result<String, SignatureProblem> {
        publishers.signer(&self.signature, &self.component, PathBuf::from("a.wasm.minisig"))
    }

    fn lines(&self) -> Vec<String> {
        std::str::from_utf8(&self.signature).unwrap().lines().map(str::to_owned).collect()
    }

    fn with_component(&self, change: impl FnOnce(&mut Vec<u8>)) -> Self {
        let mut changed = self.clone();
        change(&mut changed.component);
        changed
    }

    fn with_lines(&self, change: impl FnOnce(&mut Vec<String>)) -> Self {
        let mut lines = self.lines();
        change(&mut lines);
        Self { signature: (lines.join("\n") + "\n").into_bytes(), ..self.clone() }
    }

    /// With one of the lines of base64 read, changed and written again.
    fn with_decoded(&self, line: usize, change: impl FnOnce(&mut Vec<u8>)) -> Self {
        self.with_lines(|lines| {
            let mut bytes = STANDARD.decode(&lines[line]).unwrap();
            change(&mut bytes);
            lines[line] = STANDARD.encode(bytes);
        })
    }
}

/// Adds the order to a number that is taken by it: the same point, written another way.
fn add_order(scalar: &mut [u8]) {
    let mut carry = 0;
    for (byte, order) in scalar.iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        *byte = u8::try_from(sum & 0xff).unwrap();
        carry = sum >> 8;
    }
}

#[test]
fn nothing_that_was_tampered_with_is_taken() {
    let (ours, strangers) = (keys(), keys());
    let publishers = publishers(&[("acme", &ours)]);
    let sound = Arrived {
        component: COMPONENT.to_vec(),
        signature: sign(&ours, COMPONENT, "file:a.wasm").into_bytes(),
    };
    assert_eq!(sound.signer(&publishers).unwrap(), "acme");
    let second = Arrived { signature: sign(&ours, COMPONENT, "file:b.wasm").into_bytes(), ..sound.clone() };
    assert_eq!(second.signer(&publishers).unwrap(), "acme");
    let of_other = Arrived { signature: sign(&ours, OTHER, "file:a.wasm").into_bytes(), ..sound.clone() };
    let by_stranger =
        Arrived { signature: sign(&strangers, COMPONENT, "file:a.wasm").into_bytes(), ..sound.clone() };
    let our_number = STANDARD.decode(&sound.lines()[1]).unwrap()[KEY_NUMBER].to_vec();

    let tampered: Vec<(&str, Arrived)> = vec![
        ("the first byte is another", sound.with_component(|bytes| bytes[0] ^= 1)),
        ("a bit in the middle is turned", sound.with_component(|bytes| bytes[12] ^= 0x10)),
        ("the last byte is another", sound.with_component(|bytes| *bytes.last_mut().unwrap() ^= 1)),
        ("a byte is added", sound.with_component(|bytes| bytes.push(0))),
        ("a section is added", sound.with_component(|bytes| bytes.extend([0, 3, 1, b'x', 0]))),
        ("a byte stands before it", sound.with_component(|bytes| bytes.insert(0, 0))),
        ("a byte is missing", sound.with_component(|bytes| bytes.truncate(COMPONENT.len() - 1))),
        ("half is missing", sound.with_component(|bytes| bytes.truncate(bytes.len() / 2))),
        ("nothing is left", sound.with_component(Vec::clear)),
        ("it stands there twice", sound.with_component(|bytes| bytes.extend(COMPONENT))),
        ("two bytes are exchanged", sound.with_component(|bytes| bytes.swap(10, 11))),
        ("it is another component", sound.with_component(|bytes| *bytes = OTHER.to_vec())),
        ("the signature is another component's", of_other.clone()),
        ("the signature is a stranger's", by_stranger.clone()),
        (
            "the signature is a stranger's under our key's number",
            by_stranger.with_decoded(1, |bytes| bytes[KEY_NUMBER].copy_from_slice(&our_number)),
        ),
        ("the signature is under no key's number", sound.with_decoded(1, |bytes| bytes[KEY_NUMBER].fill(0))),
        ("the signature is empty", Arrived { signature: Vec::new(), ..sound.clone() }),
        ("the signature is one line end", Arrived { signature: b"\n".to_vec(), ..sound.clone() }),
        ("the signature is no text", Arrived { signature: vec![0xff; 200], ..sound.clone() }),
        ("the signature is the component", Arrived { signature: COMPONENT.to_vec(), ..sound.clone() }),
        (
            "the signature is followed by four kilobytes",
            Arrived { signature: [sound.signature.clone(), vec![b'\n'; 4_096]].concat(), ..sound.clone() },
        ),
        ("the first line is missing", sound.with_lines(|lines| drop(lines.remove(0)))),
        ("the second line is missing", sound.with_lines(|lines| drop(lines.remove(1)))),
        ("the third line is missing", sound.with_lines(|lines| drop(lines.remove(2)))),
        ("the fourth line is missing", sound.with_lines(|lines| drop(lines.remove(3)))),
        ("two lines are exchanged", sound.with_lines(|lines| lines.swap(1, 3))),
        (
            "the trusted comment says another file",
            sound.with_lines(|lines| lines[2] = second.lines()[2].clone()),
        ),
        ("the trusted comment is longer", sound.with_lines(|lines| lines[2].push('!'))),
        (
            "the trusted comment is not marked as one",
            sound.with_lines(|lines| lines[2] = "file:a.wasm".into()),
        ),
        (
            "the last line is another signature's",
            sound.with_lines(|lines| lines[3] = second.lines()[3].clone()),
        ),
        (
            "comment and last line are another component's",
            sound.with_lines(|lines| lines.splice(2..4, of_other.lines().drain(2..4)).for_each(drop)),
        ),
        ("it says it is of the legacy kind", sound.with_decoded(1, |bytes| bytes[1] = b'd')),
        ("it says it is of a kind nobody knows", sound.with_decoded(1, |bytes| bytes[1] = b'X')),
        ("it is all noughts", sound.with_decoded(1, |bytes| bytes[10..].fill(0))),
        ("it is a byte short", sound.with_decoded(1, |bytes| bytes.truncate(73))),
        ("it is a byte long", sound.with_decoded(1, |bytes| bytes.push(0))),
        ("its base64 is cut", sound.with_lines(|lines| lines[1].truncate(40))),
        ("its base64 goes on", sound.with_lines(|lines| lines[1].push_str("AAAA"))),
        ("its base64 holds a blank", sound.with_lines(|lines| lines[1].insert(20, ' '))),
        (
            "its number is the same one written larger",
            sound.with_decoded(1, |bytes| add_order(&mut bytes[SECOND_HALF..])),
        ),
        ("so is the last line's", sound.with_decoded(3, |bytes| add_order(&mut bytes[32..]))),
    ];
    assert!(tampered.len() >= 30, "{}", tampered.len());
    for (what, arrived) in tampered {
        assert!(
            arrived.component != sound.component || arrived.signature != sound.signature,
            "{what}: it is as it was"
        );
        let signer = arrived.signer(&publishers);
        assert!(signer.is_err(), "{what}, and it is taken for {signer:?}");
    }
}

#[test]
fn no_bit_of_a_signature_may_turn() {
    let ours = keys();
    let publishers = publishers(&[("acme", &ours)]);
    let signature = sign(&ours, COMPONENT, "file:a.wasm").into_bytes();
    let sound = Arrived { component: COMPONENT.to_vec(), signature };
    for (line, bytes) in [(1, 74), (3, 64)] {
        for bit in 0..bytes * 8 {
            let turned = sound.with_decoded(line, |bytes| bytes[bit / 8] ^= 1 << (bit % 8));
            assert!(turned.signer(&publishers).is_err(), "bit {bit} of line {line}");
        }
    }
}

#[test]
fn any_of_several_keys_will_do_and_others_are_named() {
    let (first, second, third) = (keys(), keys(), keys());
    let both = publishers(&[("acme", &first), ("own", &second)]);
    let arrived = |keys: &KeyPair| Arrived {
        component: COMPONENT.to_vec(),
        signature: sign(keys, COMPONENT, "file:a.wasm").into_bytes(),
    };
    assert_eq!(arrived(&first).signer(&both).unwrap(), "acme");
    assert_eq!(arrived(&second).signer(&both).unwrap(), "own");
    let refused = arrived(&third).signer(&both).unwrap_err().to_string();
    assert!(refused.contains("acme, own"), "{refused}");
    let changed =
        arrived(&second).with_component(|bytes| bytes[3] ^= 1).signer(&both).unwrap_err().to_string();
    assert!(changed.contains("what own has signed"), "{changed}");
}

#[test]
fn a_signature_is_asked_for_where_there_are_keys_alone() {
    let dir = tempfile::tempdir().unwrap();
    let component = dir.path().join("a.wasm");
    let ask = |publishers: &Publishers| publishers.signer_of(&component, COMPONENT);
    assert_eq!(ask(&Publishers::default()).unwrap(), None);

    let ours = keys();
    let acme = publishers(&[("acme", &ours)]);
    let missing = ask(&acme).unwrap_err().to_string();
    assert!(missing.contains("a.wasm.minisig"), "{missing}");
    std::fs::write(signature_of(&component), sign(&ours, COMPONENT, "file:a.wasm")).unwrap();
    assert_eq!(ask(&acme).unwrap().as_deref(), Some("acme"));
    assert_eq!(signature_of(Path::new("plugins/a.wasm")), Path::new("plugins/a.wasm.minisig"));
}

#[test]
fn what_is_no_key_is_refused() {
    let ours = keys();
    let key = ours.pk.to_base64();
    let (begin, rest) = key.split_at(40);
    for wrong in ["", "RW", "acme", begin, rest, &format!("{key}A"), &key.replace("RW", "RX")] {
        assert!(Publishers::default().add("acme".into(), wrong).is_err(), "{wrong:?}");
    }
    Publishers::default().add("acme".into(), &format!(" {key}\n")).unwrap();
}
