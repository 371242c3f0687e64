//! Numbers as a line of columns.

/// The heights of a column.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A column for each number, the highest as high as the line; zero is a gap.
pub(super) fn bars(numbers: &[u64]) -> String {
    let highest = numbers.iter().copied().max().unwrap_or_default().max(1);
    let height = |number: u64| {
        let height = u128::from(number).saturating_mul(BARS.len() as u128).div_ceil(u128::from(highest));
        usize::try_from(height).unwrap_or(BARS.len())
    };
    let bar = |number: &u64| match height(*number) {
        0 => ' ',
        height => BARS.get(height - 1).copied().unwrap_or('█'),
    };
    numbers.iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::bars;

    #[test]
    fn the_highest_number_fills_the_line() {
        assert_eq!(bars(&[0, 1, 4, 8]), " ▁▄█");
        assert_eq!(bars(&[0, 1]), " █");
        assert_eq!(bars(&[u64::MAX, u64::MAX / 2, 1]), "█▄▁");
        assert_eq!(bars(&[0, 0]), "  ");
        assert_eq!(bars(&[]), "");
    }
}
