//! Voucherify's envelope `{id, project_id, created_at, type, data{…}}` and its `data`; the lists its API answers with.

omnihub_plugin::members! {
    Envelope {
        text: id, project_id, created_at, kind = "type";
        object: data: Data;
    }

    /// What an event is about. Which members are there depends on the type; `points` is of an expiry, without sign.
    Data {
        text: points, created_at;
        object: customer: Customer, holder: Customer, campaign: Campaign, voucher: Voucher, balance: Balance,
            transaction: Transaction, order: Order, loyalty_tier: Tier, loyalty_tier_from: Tier, loyalty_tier_to: Tier;
    }

    Customer {
        text: id, source_id, name, email, phone, updated_at, created_at;
    }

    Campaign {
        text: id, name;
    }

    /// A loyalty card. Its `code` can be redeemed by whoever knows it, so it is not read.
    Voucher {
        text: id, campaign_id, holder_id, updated_at;
        object: loyalty_card: Card;
    }

    /// `points` were ever earned, `balance` is usable.
    Card {
        text: points, balance;
    }

    /// A change: `points` is its signed size, `balance` is usable after it, `total` was ever earned.
    Balance {
        text: points, balance, total;
    }

    Transaction {
        text: id, source_id, voucher_id, campaign_id, kind = "type", reason, created_at;
        object: details: Details;
    }

    Details {
        object: balance: Balance, order: Order;
    }

    /// An order by Voucherify's id and the shop's own. Its amounts are whole cents without a currency: not read.
    Order {
        text: id, source_id;
    }

    Tier {
        text: id, name, campaign_id;
    }

    /// Cards of a campaign. They keep their code here: it is what names a card in a path, and goes nowhere else.
    Members {
        list: vouchers: Member;
    }

    Member {
        text: id, code, campaign_id, holder_id, created_at, updated_at;
        object: loyalty_card: Card;
    }

    Transactions {
        text: has_more, more_starting_after;
        list: data: Transaction;
    }

    Refusal {
        text: key;
    }

    /// What became of a customer that was to be deleted for good.
    Deletion {
        text: id, status;
    }
}
