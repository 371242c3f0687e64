//! The library of rule templates, carried in the binary: each a rule with its two fixtures and a paragraph of comment at
//! its head. Owns what can be read out of them; writing them down is `new.rs`'s. The files lie in `host/templates`.

/// The folder of the fixtures, beside the rule.
const FIXTURES: &str = "fixtures";

/// What stands before the name of another template without which a template cannot be taken over, or never acts.
const NEEDS: &str = "# Needs: ";

pub(super) struct Template {
    pub(super) name: &'static str,
    /// As the file has it: comment, rule and tests.
    pub(super) text: &'static str,
    /// What is known in a moment in which it acts, and in one in which it does not.
    fires: &'static str,
    silent: &'static str,
}

macro_rules! template_file {
    ($folder:literal, $name:literal, $ending:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/templates/", $folder, $name, $ending))
    };
}

macro_rules! templates {
    ($($name:literal,)+) => {
        &[$(Template {
            name: $name,
            text: template_file!("", $name, ".yaml"),
            fires: template_file!("fixtures/", $name, "-fires.json"),
            silent: template_file!("fixtures/", $name, "-silent.json"),
        },)+]
    };
}

/// By name. A test holds them to what lies in the folder.
pub(super) const TEMPLATES: &[Template] = templates![
    "abandoned-cart-whatsapp",
    "back-in-stock",
    "bad-survey-ticket",
    "cancel-before-shipping",
    "celebrate-birthday",
    "churn-risk",
    "complaint-in-public",
    "delayed-order-apology",
    "human-please",
    "low-stock",
    "points-shown-everywhere",
    "refund-notice-email",
    "refund-notice-whatsapp",
    "remember-loyalty-account",
    "remember-tier",
    "remember-tracking",
    "repeat-contact-to-senior",
    "return-not-refunded",
    "return-received",
    "return-started-online",
    "route-by-skill",
    "satisfaction-after-48h",
    "stay-on-channel",
    "stock-question",
    "suspicious-order",
    "tag-unhappy-customer",
    "thank-after-purchase",
    "ticket-on-dm",
    "ticket-reopened",
    "tier-reached",
    "unanswered-2h",
    "unanswered-36h",
    "vip-first",
    "weekly-kpi-report",
    "where-is-my-order-instagram",
    "where-is-my-order-whatsapp",
];

/// The template of this name.
pub(super) fn find(name: &str) -> Option<&'static Template> {
    TEMPLATES.iter().find(|template| template.name == name)
}

impl Template {
    /// What it is for, in the words of its paragraph.
    pub(super) fn about(&self) -> String {
        let comment = self.text.lines().map_while(|line| line.strip_prefix('#'));
        let paragraph: Vec<&str> = comment.map(str::trim).take_while(|line| !line.is_empty()).collect();
        paragraph.join(" ")
    }

    /// The first sentence of that.
    pub(super) fn summary(&self) -> String {
        let about = self.about();
        match about.split_once(". ") {
            Some((first, _)) => format!("{first}."),
            None => about,
        }
    }

    /// The templates whose writing it reads.
    pub(super) fn needs(&self) -> impl Iterator<Item = &'static Template> {
        self.text.lines().filter_map(|line| find(line.strip_prefix(NEEDS)?))
    }

    /// Its file with the rule called `rule`.
    pub(super) fn text_called(&self, rule: &str) -> String {
        self.text.replacen(&format!("\nrule: {}\n", self.name), &format!("\nrule: {rule}\n"), 1)
    }

    /// Paths and texts of its fixtures, as its tests name them.
    pub(super) fn fixtures(&self) -> [(String, &'static str); 2] {
        [("fires", self.fires), ("silent", self.silent)]
            .map(|(which, text)| (format!("{FIXTURES}/{}-{which}.json", self.name), text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_can_be_shown_and_called_otherwise() {
        for template in TEMPLATES {
            assert!(template.summary().ends_with('.'), "{}", template.name);
            assert!(template.about().starts_with(&template.summary()), "{}", template.name);
            assert!(template.text_called("mine").contains("\nrule: mine\n"), "{}", template.name);
            assert_eq!(template.text_called(template.name), template.text);
            for (path, _) in template.fixtures() {
                assert!(template.text.contains(&path), "{} does not name {path}", template.name);
            }
        }
    }

    #[test]
    fn every_need_is_a_template() {
        for template in TEMPLATES {
            let named = template.text.lines().filter(|line| line.starts_with(NEEDS)).count();
            assert_eq!(template.needs().count(), named, "{}", template.name);
            let further = template.needs().flat_map(Template::needs).count();
            assert_eq!(further, 0, "{} needs one that needs another", template.name);
        }
    }
}
