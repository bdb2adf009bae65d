//! Settings as they were read, the wrong ones too.

use super::Config;

/// What would be in force, and everything that is wrong with it. In the place of what is wrong stands a default.
#[derive(Debug)]
pub struct Draft {
    pub config: Config,
    /// Each names the settings that it is about.
    pub problems: Vec<String>,
}

impl Draft {
    /// The configuration, if nothing is wrong with it.
    pub fn finished(self) -> Result<Config, Vec<String>> {
        if self.problems.is_empty() { Ok(self.config) } else { Err(self.problems) }
    }

    /// Whether no problem is about a setting whose name begins like one of these. About a default that nobody asked for,
    /// nothing should be said.
    pub fn is_sound(&self, beginnings: &[&str]) -> bool {
        let is_part = |character: char| character.is_ascii_alphanumeric() || character == '_';
        // Not in quotes: there stand values, which may be any word.
        let said = self.problems.iter().flat_map(|problem| problem.split('"').step_by(2));
        let mut words = said.flat_map(|text| text.split(move |character| !is_part(character)));
        !words.any(|word| beginnings.iter().any(|beginning| word.starts_with(beginning)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Settings;
    use super::*;

    #[test]
    fn what_a_problem_names_is_unsound_and_nothing_else_is() {
        let settings = Settings {
            db_host: Some("localhost".into()),
            db_name: Some("shop".into()),
            db_port: Some("x".into()),
            ..Settings::default()
        };
        let draft = Config::read(&settings);
        assert!(!draft.is_sound(&["DB_"]) && !draft.is_sound(&["BULLA_HOST", "DB_PORT"]));
        assert!(draft.is_sound(&["PORT", "BULLA_HOST"]) && draft.is_sound(&["DATABASE_URL"]));
        assert!(draft.finished().is_err());
        let settings = Settings { argon2: Some("PORT=1".into()), ..Settings::default() };
        let draft = Config::read(&settings);
        assert!(draft.problems[0].contains("PORT") && draft.is_sound(&["PORT"]) && !draft.is_sound(&["BULLA_ARGON2"]));
    }
}
