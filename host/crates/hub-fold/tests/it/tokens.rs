//! Tokens: made and revoked by commands, kept with their hash alone, told of in the audit.

use hub_fold::record::{Command, Record};
use hub_fold::row::Word;
use hub_fold::{Act, Fold, NewToken, Scope, Sequenced, TokenRow, TokenState, audit, tokens};
use hub_model::{Timestamp, TokenId};
use hub_store::MemoryStore;

fn made(hash: u8, expires_at: i64) -> NewToken {
    let hash = [hash; 32];
    NewToken {
        id: TokenId::of(&hash),
        name: "grafana".into(),
        scopes: [Scope::Read, Scope::Operate].into(),
        hash,
        expires_at: Timestamp(expires_at),
        by: "ana".into(),
        at: Timestamp(10),
    }
}

fn revoke(hash: u8, by: &str) -> Command {
    let word = Word { at: Timestamp(20), by: by.into(), reason: "left the company".into() };
    Command::RevokeToken { token: TokenId::of(&[hash; 32]), word }
}

fn folded(commands: Vec<Command>) -> MemoryStore {
    let store = MemoryStore::new();
    let records: Vec<Sequenced> = (1..)
        .zip(commands)
        .map(|(seq, command)| Sequenced { seq, at: Timestamp(30), record: Record::Command(command) })
        .collect();
    Fold::open(&store).unwrap().apply(&store, &records).unwrap();
    store
}

fn of(store: &MemoryStore, hash: u8) -> TokenRow {
    tokens(store).unwrap().into_iter().find(|row| row.made.hash == [hash; 32]).unwrap()
}

#[test]
fn a_token_is_in_force_until_it_expires_or_is_revoked() {
    let store = folded(vec![
        Command::MakeToken(made(1, 50)),
        Command::MakeToken(made(2, 50)),
        revoke(2, "ana"),
        revoke(2, "tom"),
        revoke(3, "ana"),
    ]);
    assert_eq!(tokens(&store).unwrap().len(), 2, "what was never made is not there");
    let state = |hash, now| of(&store, hash).state(Timestamp(now));
    assert_eq!((state(1, 49), state(1, 50)), (TokenState::InForce, TokenState::Expired));
    assert_eq!((state(2, 49), state(2, 50)), (TokenState::Revoked, TokenState::Revoked));
    assert_eq!(of(&store, 2).revoked.unwrap().by, "ana", "the first word stays");
    assert_eq!(of(&store, 1).made, made(1, 50));
}

#[test]
fn the_audit_tells_of_tokens_and_never_shows_a_hash() {
    let store = folded(vec![Command::MakeToken(made(171, 50)), revoke(171, "tom")]);
    let entries = audit(&store, None, 9).unwrap();
    let NewToken { id: token, name, scopes, expires_at, .. } = made(171, 50);
    assert_eq!(entries[1].entry.act, Act::MadeToken { token, name, scopes, expires_at });
    assert_eq!(entries[0].entry.act, Act::RevokedToken { token });
    let said = |index: usize| (entries[index].entry.by.as_deref(), entries[index].entry.reason.as_deref());
    assert_eq!((said(1), said(0)), ((Some("ana"), None), (Some("tom"), Some("left the company"))));
    let told = format!("{:?}", entries.iter().map(|one| &one.entry).collect::<Vec<_>>());
    assert!(!told.contains("171, 171"), "{told}");
}

#[test]
fn scopes_read_back_as_they_are_written() {
    for scope in Scope::ALL {
        assert_eq!(scope.to_string().parse(), Ok(scope));
        assert_eq!(serde_json::to_value(scope).unwrap(), scope.word());
    }
    assert!("Read".parse::<Scope>().is_err() && "".parse::<Scope>().is_err());
}
