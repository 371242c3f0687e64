//! The table that is printed.

#[derive(Default)]
pub(super) struct Table {
    rows: Vec<[String; 3]>,
}

impl Table {
    pub(super) fn new() -> Self {
        Self { rows: vec![["figure".to_owned(), "measured".to_owned(), "goal".to_owned()]] }
    }

    pub(super) fn row(&mut self, figure: &str, measured: String, goal: &str) {
        self.rows.push([figure.to_owned(), measured, goal.to_owned()]);
    }

    pub(super) fn render(&self) -> String {
        let width = |column: usize| {
            self.rows
                .iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0)
        };
        let (first, second) = (width(0), width(1));
        let lines = self.rows.iter().map(|[figure, measured, goal]| {
            format!("{figure:first$}  {measured:>second$}  {goal}").trim_end().to_owned()
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}
