//! Rows for spreadsheets, by RFC 4180. Values come from strangers: what a spreadsheet would take for a formula is made
//! text.

pub(super) struct Csv {
    text: String,
}

impl Csv {
    pub(super) fn new(head: &[&str]) -> Self {
        let mut csv = Self { text: String::new() };
        csv.row(head.iter().map(|name| (*name).to_owned()));
        csv
    }

    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        for (place, cell) in cells.into_iter().enumerate() {
            if place > 0 {
                self.text.push(',');
            }
            self.cell(&cell);
        }
        self.text.push_str("\r\n");
    }

    fn cell(&mut self, cell: &str) {
        let is_number = cell.parse::<i64>().is_ok();
        let guard = if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && !is_number { "'" } else { "" };
        if cell.contains([',', '"', '\r', '\n']) {
            self.text.extend(["\"", guard, &cell.replace('"', "\"\""), "\""]);
        } else {
            self.text.extend([guard, cell]);
        }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::Csv;

    fn check_row(cells: &[&str], wanted: &str) {
        let mut csv = Csv::new(&["a", "b"]);
        csv.row(cells.iter().map(|cell| (*cell).to_owned()));
        assert_eq!(csv.text(), format!("a,b\r\n{wanted}\r\n"));
    }

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        check_row(&["1", "plain text"], "1,plain text");
        check_row(&["a,b", "say \"hi\""], "\"a,b\",\"say \"\"hi\"\"\"");
        check_row(&["two\r\nlines", ""], "\"two\r\nlines\",");
    }

    #[test]
    fn nothing_is_a_formula() {
        check_row(&["=1+1", "@sum"], "'=1+1,'@sum");
        check_row(&["-12", "-a,b"], "-12,\"'-a,b\"");
    }
}
