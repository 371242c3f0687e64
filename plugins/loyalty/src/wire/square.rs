//! What stands in `data.object` of Square's webhooks, and in the answers of its API.

omnihub_plugin::members! {
    AccountObject {
        object: loyalty_account: Account;
    }

    Account {
        text: id, program_id, balance, lifetime_points, customer_id, enrolled_at, updated_at;
        object: mapping: Mapping;
        list: expiring_point_deadlines: Deadline;
    }

    /// How the buyer is found at the till.
    Mapping {
        text: phone_number;
    }

    Deadline {
        text: points, expires_at;
    }

    /// Raw, because the name of the entry's detail depends on its type.
    EntryObject {
        raw: loyalty_event;
    }

    Entry {
        text: id, kind = "type", created_at, loyalty_account_id, location_id, source;
    }

    /// The object under the entry's type in lower case: `adjust_points`, `create_reward` …
    Detail {
        text: points, reason, order_id, reward_id, loyalty_promotion_id;
    }

    /// A page of the ledger as polled; entries stay raw as in a webhook.
    EntriesPage {
        raw: events;
    }

    /// What an adjustment, an accumulation and a new reward are answered with.
    Done {
        object: event: Made, reward: Made;
        list: events: Made;
    }

    Made {
        text: id;
    }

    CustomerObject {
        object: customer: Customer, event_context: EventContext;
    }

    EventContext {
        object: merge: Merge;
    }

    Merge {
        text: to_customer_id;
        texts: from_customer_ids;
    }

    Customer {
        text: id, given_name, family_name, email_address, phone_number, updated_at, creation_source, birthday;
        object: preferences: Preferences;
    }

    Preferences {
        text: email_unsubscribed;
    }
}
