use proptest::prelude::*;

use super::{Fact, Greatest, Join, Known, Least, Source, Tags, Told, Witness};

fn joined<T: Join + Clone>(first: &T, rest: &[&T]) -> T {
    let mut sum = first.clone();
    rest.iter().for_each(|other| sum.join((*other).clone()));
    sum
}

/// The three laws convergence rests on.
fn check_laws<T: Join + Clone + PartialEq + std::fmt::Debug>(a: &T, b: &T, c: &T) {
    assert_eq!(joined(a, &[b]), joined(b, &[a]), "commutative");
    assert_eq!(joined(a, &[&joined(b, &[c])]), joined(&joined(a, &[b]), &[c]), "associative");
    assert_eq!(joined(a, &[b, b, a]), joined(a, &[b]), "idempotent");
}

fn fact() -> impl Strategy<Value = Fact<u8>> {
    (0_u8..4, 0_i64..3, 0_u64..3).prop_map(|(value, version, learned)| Fact { value, version, learned })
}

fn tags() -> impl Strategy<Value = Tags> {
    let tag = prop::sample::select(vec!["a".to_owned(), "b".to_owned(), "c".to_owned()]);
    let list = || prop::collection::vec(tag.clone(), 0..3);
    (prop::option::of(list()), list(), list(), 0_i64..4, 0_u64..3).prop_map(
        |(whole, added, removed, version, learned)| {
            Tags::told(Told { version, learned }, whole.as_ref(), &added, &removed)
        },
    )
}

proptest! {
    #[test]
    fn facts_obey_the_laws(a in fact(), b in fact(), c in fact()) {
        check_laws(&a, &b, &c);
        check_laws(&Some(a), &None, &Some(c));
    }

    #[test]
    fn ends_obey_the_laws(a in (0_u8..3, 0_u64..3), b in (0_u8..3, 0_u64..3), c in (0_u8..3, 0_u64..3)) {
        let [greatest_a, greatest_b, greatest_c] = [a, b, c].map(|(value, learned)| Greatest(value, learned));
        check_laws(&greatest_a, &greatest_b, &greatest_c);
        let [least_a, least_b, least_c] = [a, b, c].map(|(value, learned)| Least(value, learned));
        check_laws(&least_a, &least_b, &least_c);
    }

    #[test]
    fn tags_obey_the_laws(a in tags(), b in tags(), c in tags()) {
        check_laws(&a, &b, &c);
    }
}

#[derive(Default)]
struct Seen(Vec<(String, String, Source)>);

impl Witness for Seen {
    fn see<T: serde::Serialize>(&mut self, path: &str, value: &T, source: Source) {
        self.0.push((path.to_owned(), serde_json::to_string(value).unwrap(), source));
    }
}

#[test]
fn fields_are_shown_by_their_path_with_the_record_that_taught_them() {
    let told = |version, learned| Told { version, learned };
    let mut tags = Tags::told(told(1, 10), Some(&vec!["a".into()]), &[], &[]);
    tags.join(Tags::told(told(2, 11), None, &[], &["b".into()]));
    let of = |known: &dyn Fn(&mut Seen)| {
        let mut seen = Seen::default();
        known(&mut seen);
        seen.0
    };
    let from = |version, learned| Source { version, learned };
    let seen = of(&|seen| tags.show("tags", seen));
    let expected = [
        ("tags.whole", r#"["a"]"#, from(Some(1), Some(10))),
        ("tags.changes.b", "false", from(Some(2), Some(11))),
    ];
    assert_eq!(seen, expected.map(|(path, value, source)| (path.to_owned(), value.to_owned(), source)));

    // The same greatest value is learned once, and a greater one anew.
    let mut read = told(0, 5).greatest(2);
    read.join(told(0, 4).greatest(2));
    read.join(told(0, 3).greatest(1));
    let seen = of(&|seen| read.show("status", seen));
    assert_eq!(seen, [("status".to_owned(), "2".to_owned(), from(None, Some(4)))]);
    assert_eq!(of(&|seen| false.show("deleted", seen)), []);
    assert_eq!(of(&|seen| true.show("deleted", seen)).len(), 1);
}

#[test]
fn a_newer_list_replaces_older_changes_and_keeps_newer_ones() {
    let told = |version| Told { version, learned: 1 };
    let mut tags = Tags::told(told(1), None, &["old".into()], &[]);
    tags.join(Tags::told(told(3), None, &["new".into()], &["gone".into()]));
    tags.join(Tags::told(told(2), Some(&vec!["gone".into(), "kept".into()]), &[], &[]));
    assert_eq!(tags.current().into_iter().collect::<Vec<_>>(), ["kept", "new"]);
}
