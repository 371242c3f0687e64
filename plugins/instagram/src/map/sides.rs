//! Who is the customer and who is the shop in an item. A message is inbound or outbound by this alone.

use omnihub_plugin::exact::Text;
use omnihub_plugin::lenient::said;
use omnihub_plugin::meta::flag;
use omnihub_plugin::model::{Author, Direction, Identity, Party};

use crate::wire;

pub(super) struct Sides {
    /// Their Instagram-scoped id, whoever wrote.
    pub(super) customer: String,
    username: Option<String>,
    account: Option<String>,
    pub(super) outbound: bool,
    /// Whoever did it.
    pub(super) by: String,
}

impl Sides {
    /// By rule the sender of an echo and the recipient of anything else is the account. Where one of the two is known
    /// to be the account, that goes before the rule.
    pub(super) fn of(item: &wire::Item, entry: Option<&str>, setting: Option<&str>) -> Option<Self> {
        let echo = item.message.as_ref().is_some_and(|message| flag(message.is_echo.as_ref()));
        let is_account = |id: &Option<String>| id.is_some() && [entry, setting].contains(&id.as_deref());
        let sender = id(&item.sender);
        let recipient = id(&item.recipient);
        let to_customer = match (is_account(&sender), is_account(&recipient)) {
            (true, false) => true,
            (false, true) => false,
            _ => echo,
        };
        let by = sender.clone().or_else(|| recipient.clone())?;
        let (customer, account, person) = if to_customer {
            (recipient?, sender, &item.recipient)
        } else {
            (sender?, recipient, &item.sender)
        };
        Some(Self {
            customer,
            username: person.as_ref().and_then(|person| said(person.username.clone())),
            account: account.or_else(|| entry.or(setting).map(Into::into)),
            outbound: echo || to_customer,
            by,
        })
    }

    pub(super) fn party(&self) -> Party {
        person(&self.customer, self.username.clone())
    }

    pub(super) fn thread(&self) -> Option<String> {
        Some(format!("{}:{}", self.account.as_ref()?, self.customer))
    }

    pub(super) fn direction(&self) -> Direction {
        if self.outbound { Direction::Outbound } else { Direction::Inbound }
    }

    pub(super) fn author(&self) -> Author {
        if self.outbound { Author::Human } else { Author::Customer }
    }
}

pub(super) fn person(igsid: &str, username: Option<String>) -> Party {
    let mut ids = vec![Identity::provider("igsid", igsid)];
    ids.extend(username.map(|username| Identity::handle("instagram", username)));
    Party { ids, name: None }
}

fn id(person: &Option<wire::Person>) -> Option<String> {
    person.as_ref()?.id.clone().and_then(Text::id)
}
