//! Text from a guest on its way to a log, an error or a terminal: no control characters, no direction overrides,
//! never longer than its cap.

/// `text` with everything escaped that could start a new line, drive a terminal or reorder what is shown; at most
/// `bytes_max` bytes, an ellipsis standing for the rest.
pub(crate) fn plain(text: &str, bytes_max: usize) -> String {
    let mut shown = String::with_capacity(text.len().min(bytes_max));
    for symbol in text.chars() {
        let start = shown.len();
        if is_unsafe(symbol) {
            shown.extend(symbol.escape_unicode());
        } else {
            shown.push(symbol);
        }
        if shown.len() > bytes_max {
            shown.truncate(start);
            shown.push('…');
            break;
        }
    }
    shown
}

/// Control characters, line and paragraph separators, and the marks that turn the direction of writing.
fn is_unsafe(symbol: char) -> bool {
    symbol.is_control()
        || matches!(symbol, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn escapes_what_moves_a_terminal_and_cuts_at_the_cap() {
        assert_eq!(plain("Grüße, 世界", 100), "Grüße, 世界");
        assert_eq!(plain("a\n\u{1b}[31mb\u{202e}c", 100), r"a\u{a}\u{1b}[31mb\u{202e}c");
        assert_eq!(plain("äää", 4), "ää…");
        assert_eq!(plain("\n\n", 6), r"\u{a}…");
        assert_eq!(plain("", 0), "");
    }
}
