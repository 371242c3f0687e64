use proptest::prelude::*;

use super::{Fact, Join, Tags, Told};

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
    fn tags_obey_the_laws(a in tags(), b in tags(), c in tags()) {
        check_laws(&a, &b, &c);
    }
}

#[test]
fn a_newer_list_replaces_older_changes_and_keeps_newer_ones() {
    let told = |version| Told { version, learned: 1 };
    let mut tags = Tags::told(told(1), None, &["old".into()], &[]);
    tags.join(Tags::told(told(3), None, &["new".into()], &["gone".into()]));
    tags.join(Tags::told(told(2), Some(&vec!["gone".into(), "kept".into()]), &[], &[]));
    assert_eq!(tags.current().into_iter().collect::<Vec<_>>(), ["kept", "new"]);
}
