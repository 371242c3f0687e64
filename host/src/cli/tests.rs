use clap::{CommandFactory as _, Parser as _};

use super::exit::Failed;
use super::out::Color;
use super::{Cli, Command};

#[test]
fn the_command_line_is_well_formed() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_says_what_it_does() {
    fn check(command: &clap::Command) {
        assert!(command.get_about().is_some(), "{} has no help", command.get_name());
        for argument in command.get_arguments().filter(|argument| !argument.is_global_set()) {
            assert!(
                argument.get_help().is_some(),
                "{} of {} has no help",
                argument.get_id(),
                command.get_name()
            );
        }
        command.get_subcommands().for_each(check);
    }
    check(&Cli::command());
}

#[test]
fn the_colour_is_known_before_the_line_is_parsed() {
    let wanted = |line: &str| {
        let arguments: Vec<std::ffi::OsString> = line.split(' ').map(Into::into).collect();
        Color::wanted_in(&arguments)
    };
    assert_eq!(wanted("omnihub --color never status"), clap::ColorChoice::Never);
    assert_eq!(wanted("omnihub status --color=always"), clap::ColorChoice::Always);
    assert_eq!(wanted("omnihub status"), clap::ColorChoice::Auto);
    assert_eq!(wanted("omnihub status --color"), clap::ColorChoice::Auto);
}

#[test]
fn a_mistyped_state_is_refused_before_anybody_is_asked() {
    let error =
        Cli::try_parse_from(["omnihub", "delivery", "list", "--state", "lost"]).expect_err("no such state");
    assert!(error.to_string().contains("parked"), "{error}");
    let cli =
        Cli::try_parse_from(["omnihub", "delivery", "list", "--state", "parked"]).expect("a known state");
    assert!(matches!(cli.command, Command::Delivery(_)));
}

#[test]
fn data_in_use_is_told_apart_from_a_mistake() {
    let in_use =
        anyhow::Error::from(hub_journal::OpenError::Locked { dir: "data".into() }).context("starting");
    assert!(matches!(Failed::from(in_use), Failed::Unavailable { .. }));
    assert!(matches!(Failed::from(anyhow::anyhow!("rules have problems")), Failed::Problem { .. }));
}
