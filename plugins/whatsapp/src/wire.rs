//! WhatsApp's JSON inside a change, every member optional. No type holds itself: each level of a lenient member is read
//! anew, and a message nested in itself a thousand times must not become a thousand stack frames.

omnihub_plugin::members! {
    /// The value of fields `messages`, `smb_message_echoes` (what the business wrote in WhatsApp's own app) and
    /// `user_preferences`. The raw members are lists.
    Value {
        raw: messages, message_echoes, statuses, errors;
        object: metadata: Metadata;
        list: contacts: Contact, user_preferences: Preference;
    }
    Metadata { text: phone_number_id; }
    /// `wa_id` is absent for people with a username, or holds the user id.
    Contact {
        text: wa_id, user_id;
        object: profile: Profile;
    }
    Profile { text: name, username; }
    /// `value` is "stop" or "resume".
    Preference { text: wa_id, user_id, category, value, timestamp; }
    /// `from` has digits, a user id, or is absent; `to` names the customer of an echo.
    Message {
        text: id, from, from_user_id, to, to_user_id, timestamp, kind = "type", group_id;
        object:
            context: Context,
            referral: Referral,
            text: Body,
            image: Media,
            video: Media,
            audio: Media,
            document: Media,
            sticker: Media,
            location: Location,
            button: Button,
            interactive: Interactive,
            reaction: Reaction,
            order: Cart,
            system: System,
            edit: Edit,
            revoke: Revoke,
            unsupported: Unsupported;
        list: errors: Problem, contacts: SharedContact;
    }
    Context {
        text: id, forwarded, frequently_forwarded;
        object: referred_product: Product;
    }
    Product { text: catalog_id, product_retailer_id; }
    /// The advertisement the customer wrote from.
    Referral { text: source_id, source_type, source_url, ctwa_clid; }
    Problem { text: code, title, message; }
    Body { text: body; }
    Media { text: id, mime_type, caption, filename, url, voice; }
    Location { text: latitude, longitude, name, address, url; }
    SharedContact { object: name: SharedName; }
    SharedName { text: formatted_name; }
    Button { text: payload, text; }
    Interactive { object: button_reply: Choice, list_reply: Choice, nfm_reply: Form; }
    Choice { text: id, title; }
    /// `response_json` is JSON inside a text.
    Form { text: name, body, response_json; }
    /// The emoji is empty or absent when the reaction was taken back.
    Reaction { text: message_id, emoji; }
    /// A cart sent from the catalogue.
    Cart {
        text: catalog_id, text;
        list: product_items: CartItem;
    }
    /// `item_price` is a number of MAJOR units, unlike anywhere else.
    CartItem { text: product_retailer_id, quantity, item_price, currency; }
    /// `new_wa_id` is what `wa_id` was called before; `marketing` is "stop" or "resume".
    System { text: kind = "type", wa_id, new_wa_id, user_id, previous_user_id, marketing; }
    /// `message` is a [`Message`] without frame.
    Edit {
        text: original_message_id;
        raw: message;
    }
    Revoke { text: original_message_id; }
    Unsupported { text: kind = "type"; }
    /// `recipient_type` is "group" when `recipient_id` is one.
    Status {
        text:
            id,
            status,
            timestamp,
            recipient_id,
            recipient_user_id,
            recipient_type,
            recipient_participant_id,
            biz_opaque_callback_data;
        object: conversation: Conversation, pricing: Pricing;
        list: errors: Problem;
    }
    /// `expiration_timestamp` is in Unix seconds, as text or number.
    Conversation {
        text: id, expiration_timestamp;
        object: origin: Origin;
    }
    Origin { text: kind = "type"; }
    Pricing { text: billable, category; }
}
