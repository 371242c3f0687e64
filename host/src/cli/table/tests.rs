use super::{Table, printable};

fn check_table(rows: &[&[&str]], width: usize, expected: &[&str]) {
    let mut table = Table::new(&["id", "what"]);
    for row in rows {
        table.row(row.iter().map(|cell| (*cell).to_owned()));
    }
    let text = table.render(width, false);
    assert_eq!(text.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn columns_are_aligned_and_lines_end_with_their_text() {
    check_table(&[&["1", "a"], &["1000", "bb"]], 80, &["ID    WHAT", "1     a", "1000  bb"]);
}

#[test]
fn wide_characters_take_two_columns() {
    check_table(&[&["日本", "a"], &["x", "b"]], 80, &["ID    WHAT", "日本  a", "x     b"]);
}

#[test]
fn the_longest_column_is_cut_to_the_width() {
    check_table(&[&["1234", "abcdefghijklmnop"]], 16, &["ID    WHAT", "1234  abcdefghi…"]);
}

#[test]
fn a_width_too_small_for_anything_still_prints() {
    check_table(&[&["123456789", "abcdefghi"]], 1, &["ID        WHAT", "1234567…  abcdefg…"]);
}

#[test]
fn strangers_cannot_command_the_terminal() {
    assert_eq!(printable("a\u{1b}[2Jb\nc\u{202e}d\u{9b}1m"), "a\u{fffd}[2Jb c\u{fffd}d\u{fffd}1m");
}
