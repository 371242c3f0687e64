//! What may stay as it is. Everything that is not listed here is masked: a field nobody thought of holds a name until
//! somebody has looked.

/// The words of a field's name: `ticketID` and `ticket_id` are the same.
pub(super) struct Field(Vec<String>);

/// Fields that name a thing. The numbers and texts in them are masked from three letters on; "0" and "-1" mean nobody.
const IDS: [&str; 7] = ["id", "ids", "gid", "mid", "number", "numbers", "key"];
/// Fields that hold a moment, where a number of seconds to nanoseconds since 1970 stays.
const TIMES: [&str; 8] = ["at", "date", "expiration", "since", "time", "timestamp", "until", "watermark"];
/// Fields that hold an amount or a count, where a decimal number stays.
const AMOUNTS: [&str; 41] = [
    "amount",
    "available",
    "balance",
    "cost",
    "count",
    "counts",
    "delta",
    "discount",
    "discounts",
    "duration",
    "fee",
    "grams",
    "height",
    "hand",
    "incoming",
    "lifetime",
    "limit",
    "offset",
    "page",
    "percentage",
    "points",
    "position",
    "precision",
    "price",
    "quantity",
    "rate",
    "refunded",
    "remaining",
    "retry",
    "size",
    "sold",
    "spent",
    "subtotal",
    "tax",
    "taxes",
    "total",
    "usage",
    "used",
    "version",
    "weight",
    "width",
];
/// Fields whose name ends in one of these hold a word of the provider's own, not a person's.
const WORDS: [&str; 30] = [
    "action",
    "category",
    "channel",
    "currency",
    "event",
    "field",
    "format",
    "grade",
    "kind",
    "language",
    "level",
    "locale",
    "method",
    "mime",
    "object",
    "operation",
    "phase",
    "policy",
    "priority",
    "rating",
    "reaction",
    "role",
    "score",
    "source",
    "state",
    "status",
    "topic",
    "type",
    "version",
    "via",
];
/// Of these the whole name counts: their last word alone would say too little.
const WHOLE_WORDS: [&str; 7] = [
    "cancel_reason",
    "financial_status",
    "iana_timezone",
    "messaging_product",
    "opt_in_level",
    "return_reason",
    "consent_collected_from",
];
/// A `code` alone is a coupon.
const WORD_CODES: [&str; 6] =
    ["country_code", "currency_code", "error_code", "language_code", "locale_code", "status_code"];
/// Fields that hold a phone number even where it is written as mere digits.
const PHONES: [&str; 7] = ["phone", "phones", "mobile", "telephone", "fax", "msisdn", "sms"];
const WHOLE_PHONES: [&str; 7] =
    ["from", "to", "input", "wa_id", "new_wa_id", "recipient_id", "recipient_participant_id"];
const PLACES: [&str; 5] = ["lat", "latitude", "lng", "lon", "longitude"];
const BIRTHS: [&str; 5] = ["birth", "birthdate", "birthday", "born", "dob"];

/// Words that stay wherever they are the whole text, because connectors read them in fields that hold names too.
const VALUES: [&str; 38] = [
    "-",
    "active",
    "agent",
    "bad",
    "closed",
    "customer",
    "deleted",
    "end-user",
    "end_user",
    "false",
    "good",
    "hold",
    "high",
    "incident",
    "low",
    "new",
    "no",
    "none",
    "normal",
    "null",
    "offered",
    "on-hold",
    "open",
    "pending",
    "problem",
    "question",
    "redacted.txt",
    "resume",
    "scrubbed",
    "solved",
    "start",
    "stop",
    "system",
    "task",
    "true",
    "unoffered",
    "urgent",
    "yes",
];

/// Beginnings that say what kind of id follows.
const BEGINNINGS: [&str; 5] = ["gid://shopify/", "zen:", "zd:", "wamid.", "eff_"];
/// Kinds of id, and what stands in addresses: the words of the providers' APIs.
const ADDRESS_WORDS: [&str; 86] = [
    "accounts",
    "accumulate",
    "adjust",
    "admin",
    "agent",
    "answerBot",
    "api",
    "article",
    "audits",
    "authenticate",
    "balance",
    "batch-create",
    "batch-retrieve",
    "carts",
    "catalog",
    "changes",
    "checkouts",
    "comments",
    "community_post",
    "conversations",
    "counts",
    "create",
    "cursor",
    "customer",
    "customers",
    "Customer",
    "DraftOrder",
    "event-type",
    "events",
    "exports",
    "Fulfillment",
    "graphql",
    "html",
    "http",
    "https",
    "identities",
    "incremental",
    "inventory",
    "inventory_item_id",
    "InventoryItem",
    "InventoryLevel",
    "InventoryTransfer",
    "jpeg",
    "jpg",
    "json",
    "LineItem",
    "list",
    "Location",
    "locations",
    "loyalties",
    "loyalty",
    "media",
    "members",
    "messages",
    "mp4",
    "ogg",
    "Order",
    "orders",
    "organization",
    "payments",
    "pdf",
    "png",
    "Product",
    "products",
    "ProductVariant",
    "Refund",
    "refunds",
    "replies",
    "Return",
    "rewards",
    "satisfaction_ratings",
    "search",
    "Shop",
    "subscribed_apps",
    "tags",
    "ticket",
    "tickets",
    "tokens",
    "transactions",
    "update",
    "user",
    "users",
    "variants",
    "vouchers",
    "webhooks",
    "webp",
];

/// Longer texts are not words of a provider's.
const WORD_BYTES_MAX: usize = 64;
/// "Phone call (incoming)", "Web service (API)".
const WORD_PARTS_MAX: usize = 4;
/// A year fits, an id does not.
const WORD_DIGITS_MAX: usize = 4;

impl Field {
    pub(super) fn named(name: &str) -> Self {
        let mut words: Vec<String> = Vec::new();
        let mut before = ' ';
        for letter in name.chars() {
            let begins = !before.is_alphanumeric() || (before.is_lowercase() && letter.is_uppercase());
            if letter.is_alphanumeric() {
                if begins {
                    words.push(String::new());
                }
                if let Some(word) = words.last_mut() {
                    word.extend(letter.to_lowercase());
                }
            }
            before = letter;
        }
        Self(words)
    }

    fn last(&self) -> &str {
        self.0.last().map_or("", String::as_str)
    }

    fn whole(&self) -> String {
        self.0.join("_")
    }

    fn has(&self, words: &[&str]) -> bool {
        self.0.iter().any(|word| words.contains(&word.as_str()))
    }

    pub(super) fn is_id(&self) -> bool {
        IDS.contains(&self.last())
    }

    pub(super) fn is_time(&self) -> bool {
        TIMES.contains(&self.last())
    }

    pub(super) fn is_amount(&self) -> bool {
        !self.is_id() && self.has(&AMOUNTS)
    }

    pub(super) fn is_code(&self) -> bool {
        self.last() == "code"
    }

    pub(super) fn is_word(&self) -> bool {
        let whole = self.whole();
        let whole = whole.as_str();
        WORDS.contains(&self.last()) || WHOLE_WORDS.contains(&whole) || WORD_CODES.contains(&whole)
    }

    pub(super) fn is_phone(&self) -> bool {
        let names_a_thing = matches!(self.last(), "id" | "ids");
        (self.has(&PHONES) && !names_a_thing) || WHOLE_PHONES.contains(&self.whole().as_str())
    }

    pub(super) fn is_place(&self) -> bool {
        PLACES.contains(&self.last())
    }

    pub(super) fn is_birth(&self) -> bool {
        self.has(&BIRTHS)
    }
}

/// A member's name is a provider's word; one that looks like a person's data is not.
pub(super) fn is_field_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:/$ []".contains(&byte);
    name.len() <= WORD_BYTES_MAX && name.bytes().all(is_plain) && !has_long_number(name)
}

/// A word such as a provider's enumerations have.
pub(super) fn is_word(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:;=()+ ".contains(&byte);
    text.len() <= WORD_BYTES_MAX
        && text.bytes().all(is_plain)
        && text.split_whitespace().count() <= WORD_PARTS_MAX
        && !has_long_number(text)
}

pub(super) fn is_value(text: &str) -> bool {
    VALUES.iter().any(|value| value.eq_ignore_ascii_case(text))
}

pub(super) fn beginning(text: &str) -> Option<&'static str> {
    BEGINNINGS.into_iter().find(|beginning| text.starts_with(beginning))
}

/// Words of addresses, and versions: `v25.0`, `2026-04`.
pub(super) fn is_address_word(part: &str) -> bool {
    let version = part.strip_prefix('v').unwrap_or(part);
    let is_version = (1..=4).contains(&version.len())
        && part.starts_with('v')
        && version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let is_quarter = matches!(part.split_once('-'), Some((year, month))
        if year.len() == 4 && month.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-'));
    is_version || is_quarter || ADDRESS_WORDS.contains(&part)
}

fn has_long_number(text: &str) -> bool {
    text.split(|letter: char| !letter.is_ascii_digit()).any(|run| run.len() > WORD_DIGITS_MAX)
}

/// `2026-03-02`, with or without time and offset.
pub(super) fn is_moment(text: &str) -> bool {
    let date = text.get(..10).map(str::as_bytes).unwrap_or_default();
    let is_date = date.iter().enumerate().all(|(at, byte)| match at {
        4 | 7 => *byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    date.len() == 10
        && is_date
        && text.len() <= 40
        && text.bytes().skip(10).all(|byte| byte.is_ascii_digit() || b"-:T.Z+tz ".contains(&byte))
}

/// Seconds, milliseconds, microseconds or nanoseconds since 1970.
pub(super) fn is_epoch(text: &str) -> bool {
    matches!(text.len(), 10 | 13 | 16 | 19) && text.bytes().all(|byte| byte.is_ascii_digit())
}

pub(super) fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    text.len() <= 24 && all_digits(whole) && all_digits(fraction)
}

/// Digits as people write a number to call, with a plus or with something between them.
pub(super) fn is_phone(text: &str) -> bool {
    let digits = count_digits(text);
    let is_spelled = text.starts_with('+') || text.bytes().any(|byte| !byte.is_ascii_digit());
    is_spelled
        && (7..=15).contains(&digits)
        && text.bytes().all(|byte| byte.is_ascii_digit() || b"+-(). /".contains(&byte))
}

pub(super) fn count_digits(text: &str) -> usize {
    text.bytes().filter(u8::is_ascii_digit).count()
}
