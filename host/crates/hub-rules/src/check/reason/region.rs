//! Sets of moments, kept as boxes: for some variables the cells they may be in. Unions that would grow past
//! [`BLOCKS_MAX`] become the smallest single box around them, so a region may hold more than was put in, never less.

use std::collections::BTreeMap;

/// Enough for the alternatives people write; past it a region gets coarser and findings fewer.
const BLOCKS_MAX: usize = 32;

/// Some cells of one variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cells(Vec<u64>);

impl Cells {
    pub(super) fn none(count: usize) -> Cells {
        Cells(vec![0; count.div_ceil(64)])
    }

    pub(super) fn insert(&mut self, cell: usize) {
        if let Some(word) = self.0.get_mut(cell / 64) {
            *word |= 1 << (cell % 64);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    pub(super) fn is_within(&self, other: &Cells) -> bool {
        self.0.iter().zip(&other.0).all(|(left, right)| left & !right == 0)
    }

    fn meets(&self, other: &Cells) -> bool {
        self.0.iter().zip(&other.0).any(|(left, right)| left & right != 0)
    }

    fn both(&self, other: &Cells) -> Cells {
        Cells(self.0.iter().zip(&other.0).map(|(left, right)| left & right).collect())
    }

    fn either(&self, other: &Cells) -> Cells {
        Cells(self.0.iter().zip(&other.0).map(|(left, right)| left | right).collect())
    }
}

/// The cells each named variable may be in; one that is not named may be anywhere.
type Block = BTreeMap<usize, Cells>;

/// Moments in any of these boxes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Region(Vec<Block>);

impl Region {
    pub(super) fn everything() -> Region {
        Region(vec![Block::new()])
    }

    pub(super) fn nothing() -> Region {
        Region(Vec::new())
    }

    /// Where one variable is in one of these cells.
    pub(super) fn of(variable: usize, cells: Cells) -> Region {
        match cells.is_empty() {
            true => Region::nothing(),
            false => Region(vec![Block::from([(variable, cells)])]),
        }
    }

    pub(super) fn is_nothing(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the variable is in one of these cells wherever this region is.
    pub(super) fn is_within(&self, variable: usize, cells: &Cells) -> bool {
        self.0.iter().all(|block| block.get(&variable).is_some_and(|found| found.is_within(cells)))
    }

    pub(super) fn meets(&self, other: &Region) -> bool {
        self.0.iter().any(|left| other.0.iter().any(|right| blocks_meet(left, right)))
    }

    pub(super) fn both(&self, other: &Region) -> Region {
        if self.0.len() * other.0.len() > BLOCKS_MAX * BLOCKS_MAX {
            return self.around().both(&other.around());
        }
        let pairs = self.0.iter().flat_map(|left| other.0.iter().map(move |right| (left, right)));
        let blocks = pairs.filter(|(left, right)| blocks_meet(left, right));
        Region(blocks.map(|(left, right)| block_of_both(left, right)).collect()).bounded()
    }

    pub(super) fn either(mut self, other: Region) -> Region {
        for block in other.0 {
            self.add(block);
        }
        self.bounded()
    }

    /// Boxes that name one and the same variable are one box.
    fn add(&mut self, block: Block) {
        let same = self.0.iter_mut().find(|known| **known == block || is_beside(known, &block));
        match same {
            Some(known) => {
                for (variable, cells) in block {
                    known.entry(variable).and_modify(|found| *found = found.either(&cells));
                }
            }
            None => self.0.push(block),
        }
    }

    fn bounded(self) -> Region {
        if self.0.len() > BLOCKS_MAX { self.around() } else { self }
    }

    /// The smallest single box that holds all of it.
    fn around(&self) -> Region {
        let mut blocks = self.0.iter();
        let Some(first) = blocks.next() else { return Region::nothing() };
        let mut whole = first.clone();
        for block in blocks {
            whole.retain(|variable, _| block.contains_key(variable));
            for (variable, cells) in &mut whole {
                if let Some(more) = block.get(variable) {
                    *cells = cells.either(more);
                }
            }
        }
        Region(vec![whole])
    }
}

fn is_beside(left: &Block, right: &Block) -> bool {
    left.len() == 1 && right.len() == 1 && left.keys().eq(right.keys())
}

fn blocks_meet(left: &Block, right: &Block) -> bool {
    left.iter().all(|(variable, cells)| right.get(variable).is_none_or(|other| cells.meets(other)))
}

fn block_of_both(left: &Block, right: &Block) -> Block {
    let mut both = left.clone();
    for (variable, cells) in right {
        let cells = both.get(variable).map_or_else(|| cells.clone(), |found| found.both(cells));
        both.insert(*variable, cells);
    }
    both
}
