//! Reading settings: what a given text means, and what is wrong with it.

use std::fmt::Display;
use std::path::Path;
use std::str::FromStr;

use zeroize::Zeroizing;

use crate::private_file;

/// Reads one setting after the other and collects what is wrong.
pub(super) struct Reader<'p>(pub(super) &'p mut Vec<String>);

impl Reader<'_> {
    /// A given text; an empty one counts as not given.
    pub(super) fn text<'s>(&self, given: &'s Option<String>) -> Option<&'s str> {
        given.as_deref().map(str::trim).filter(|text| !text.is_empty())
    }

    pub(super) fn with<T>(
        &mut self,
        name: &str,
        given: &Option<String>,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let parsed = parse(self.text(given)?);
        parsed.map_err(|problem| self.0.push(format!("{name} {problem}"))).ok()
    }

    pub(super) fn value<T: FromStr<Err: Display>>(&mut self, name: &str, given: &Option<String>) -> Option<T> {
        self.with(name, given, |text| text.parse().map_err(|error| format!("{error} (it is {text:?})")))
    }

    pub(super) fn at_least(&mut self, name: &str, given: &Option<String>, least: usize) -> Option<usize> {
        self.with(name, given, |text| match text.parse() {
            Ok(number) if number >= least => Ok(number),
            _ => Err(format!("must be a whole number, at least {least} (it is {text:?})")),
        })
    }

    /// A secret, or the content of the file that its `_FILE` twin names.
    pub(super) fn secret(
        &mut self,
        name: &str,
        given: &Option<String>,
        file: &Option<String>,
    ) -> Option<Zeroizing<String>> {
        let path = self.text(file).map(str::to_owned);
        match (given, path) {
            (Some(_), Some(_)) => {
                self.0.push(format!("{name} and {name}_FILE are both given; keep one of them"));
                None
            }
            (Some(secret), None) => Some(Zeroizing::new(secret.clone())),
            (None, Some(path)) => match private_file::read(Path::new(&path)) {
                Ok(content) => Some(Zeroizing::new(content.trim_end_matches(['\r', '\n']).to_owned())),
                Err(error) => {
                    self.0.push(format!("{name}_FILE: {error}"));
                    None
                }
            },
            (None, None) => None,
        }
    }
}
