//! `.env`, read as Node's `dotenv` reads it, because files written for it must keep their meaning: no `$` is expanded,
//! a quoted value may hold anything, an unquoted one ends at ` #`.

/// The settings of a file, in order, and what is wrong with it. A line that is no setting is reported by its number alone:
/// it may hold a secret.
pub fn parse(text: &str) -> (Vec<(String, String)>, Vec<String>) {
    let (mut settings, mut problems) = (Vec::new(), Vec::new());
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        let setting = line.split_once('=').filter(|(name, _)| is_name(name.trim()));
        let Some((name, value)) = setting else {
            problems.push(format!("line {} is not of the form NAME=value", index + 1));
            continue;
        };
        settings.push((name.trim().to_owned(), value_of(value.trim())));
    }
    (settings, problems)
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.' || byte == b'-')
}

fn value_of(text: &str) -> String {
    for quote in ['"', '\'', '`'] {
        let quoted = text.strip_prefix(quote).and_then(|rest| rest.rfind(quote).map(|end| &rest[..end]));
        if let Some(quoted) = quoted {
            return if quote == '"' { quoted.replace("\\n", "\n").replace("\\r", "\r") } else { quoted.to_owned() };
        }
    }
    let end = if text.starts_with('#') { Some(0) } else { text.find(" #") };
    text[..end.unwrap_or(text.len())].trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(line: &str) -> String {
        parse(line).0.remove(0).1
    }

    #[test]
    fn values_are_read_as_node_reads_them() {
        for (line, expected) in [
            ("A=plain", "plain"),
            ("  export A = spaced out  ", "spaced out"),
            ("A=pa$$word$HOME", "pa$$word$HOME"),
            ("A=with # comment", "with"),
            ("A=with#no comment", "with#no comment"),
            ("A=\"quoted # not a comment\" # one", "quoted # not a comment"),
            ("A='single \"inside\"'", "single \"inside\""),
            ("A=\"two\\nlines\"", "two\nlines"),
            ("A=", ""),
            ("A=#", ""),
            ("A=b=c", "b=c"),
        ] {
            assert_eq!(value(line), expected, "{line}");
        }
    }

    #[test]
    fn comments_and_empty_lines_are_skipped() {
        assert_eq!(parse("# comment\n\n A=1\n").0.len(), 1);
    }

    #[test]
    fn a_line_that_is_no_setting_is_reported_without_repeating_it() {
        let (settings, problems) = parse("A=1\nhunter2 and more\nB=2\n=3");
        assert_eq!(settings, [("A".to_owned(), "1".to_owned()), ("B".to_owned(), "2".to_owned())]);
        assert_eq!(problems, ["line 2 is not of the form NAME=value", "line 4 is not of the form NAME=value"]);
    }
}
