//! Stock: how much of an item is where, in which state.

use serde::{Deserialize, Serialize};

use crate::event;
use crate::join::{Fact, Told, join_fields};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InventoryLevel {
    pub sku: Option<Fact<String>>,
    /// Millionths of one unit; absolute; below zero when oversold.
    pub quantity: Option<Fact<i64>>,
    pub deleted: bool,
}

join_fields!(InventoryLevel { sku, quantity, deleted });

impl InventoryLevel {
    #[must_use]
    pub fn told(level: &event::InventoryLevel, told: Told) -> Self {
        Self { sku: told.maybe(&level.sku), quantity: told.maybe(&level.quantity), deleted: level.deleted }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InventoryItem {
    pub sku: Option<Fact<String>>,
    pub title: Option<Fact<String>>,
    pub deleted: bool,
}

join_fields!(InventoryItem { sku, title, deleted });

impl InventoryItem {
    #[must_use]
    pub fn told(item: &event::InventoryItem, told: Told) -> Self {
        Self { sku: told.maybe(&item.sku), title: told.maybe(&item.title), deleted: item.deleted }
    }
}
