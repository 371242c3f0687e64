//! Owns the list of tables and their names on disk. What a table holds is decided by the fold.

macro_rules! tables {
    ($($table:ident = $id:literal $name:literal),+ $(,)?) => {
        /// A table of the view. Its number and its name are on disk: new ones are added, none is ever reused.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        #[repr(u8)]
        pub enum Table {
            $($table = $id,)+
        }

        impl Table {
            /// Every table, by number.
            pub const ALL: &'static [Table] = &[$(Table::$table),+];

            /// The name on disk.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Table::$table => $name,)+
                }
            }
        }
    };
}

tables! {
    Meta = 1 "meta",
    Delivery = 2 "delivery",
    Dedupe = 3 "dedupe",
    // 4 was the age of dedupe keys, which deliveries tell now.
    Pending = 5 "pending",
    Event = 6 "event",
    Node = 7 "node",
    Customer = 8 "customer",
    Profile = 9 "profile",
    Order = 10 "order",
    Checkout = 11 "checkout",
    Interaction = 12 "interaction",
    Conversation = 13 "conversation",
    Ticket = 14 "ticket",
    Inventory = 15 "inventory",
    LoyaltyAccount = 16 "loyalty_account",
    LoyaltyEntry = 17 "loyalty_entry",
    Survey = 18 "survey",
    Consent = 19 "consent",
    Timeline = 20 "timeline",
    Index = 21 "index",
    Effect = 22 "effect",
    EffectDue = 23 "effect_due",
    Firing = 24 "firing",
    Annotation = 25 "annotation",
    PluginState = 26 "plugin_state",
    Setting = 27 "setting",
    Stream = 28 "stream",
    Connection = 29 "connection",
    OwnWrite = 30 "own_write",
    Erasure = 31 "erasure",
    PrivacyRequest = 32 "privacy_request",
    Audit = 33 "audit",
    FollowUp = 34 "follow_up",
    Timer = 35 "timer",
}

impl Table {
    /// The number on disk.
    pub(crate) const fn id(self) -> u8 {
        self as u8
    }

    pub(crate) fn from_id(id: u8) -> Option<Table> {
        Table::ALL.iter().copied().find(|table| table.id() == id)
    }
}
