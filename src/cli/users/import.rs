//! `bulla users import`

mod csv_rows;
mod json_lines;
mod progress;
mod report;
mod rows;
mod source;
mod table_rows;

use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use progress::{Progress, thousands};
use report::Report;
use rows::{Counted, Judge, Names, Rows};
use serde::Serialize;
use source::Source;

use crate::app::App;
use crate::cli::open::{open_beside, open_database};
use crate::cli::{Failure, Outcome};
use crate::clock::Clock;
use crate::config::Config;
use crate::flows::{self, Draft, Importer, Refusal, Verdicts};
use crate::model::Timestamp;
use crate::random::Random;
use crate::store::DatabaseUrl;

pub(super) const EXAMPLES: &str = "Examples:
  bulla users import --from-file source-url --table users --dry-run    (mysql://app:secret@localhost/app)
  bulla users import --from users.csv --email-column mail --report refused.jsonl
  bulla users export | ssh other-machine bulla users import --from - --format jsonl

Hashes of bcrypt, Argon2, PBKDF2 and scrypt keep working, and are replaced by ours at the next login.
Whoever is here already, by id and email address, is left alone: an import that broke off is simply run again.
The exit code is 0 if no row was refused, 2 if some were and all others are in, and 1 if it could not run.";

#[derive(Args, Debug)]
pub(in crate::cli) struct Import {
    /// mysql://user:password@host:port/name, a file, or - for standard input [default: the configured MySQL database]
    #[arg(long, value_name = "SOURCE")]
    from: Option<String>,
    /// File that holds the mysql:// address: a password stays out of the list of processes
    #[arg(long, value_name = "FILE", conflicts_with = "from")]
    from_file: Option<PathBuf>,
    /// The same as --from
    #[arg(value_name = "SOURCE", conflicts_with_all = ["from", "from_file"], hide = true)]
    source: Option<String>,
    /// The table to read, of a MySQL database
    #[arg(long, value_name = "TABLE")]
    table: Option<String>,
    /// What a file holds, where its name does not end in .csv or .jsonl
    #[arg(long, value_enum)]
    format: Option<Format>,
    #[command(flatten)]
    columns: Columns,
    /// Say what would happen and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Write each refused row into this file, as a line of JSON
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Print the summary as JSON, and the refused rows on standard error
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Csv,
    Jsonl,
}

/// What the columns are called, in a table, in the header of a CSV file or as keys of JSON objects. One that is named
/// must exist; of the usual ones only email and password must.
#[derive(Args, Debug, Default)]
struct Columns {
    /// [default: id]
    #[arg(long, value_name = "NAME")]
    id_column: Option<String>,
    /// [default: name]
    #[arg(long, value_name = "NAME")]
    name_column: Option<String>,
    /// [default: email]
    #[arg(long, value_name = "NAME")]
    email_column: Option<String>,
    /// [default: password]
    #[arg(long, value_name = "NAME")]
    password_column: Option<String>,
    /// [default: created_at]
    #[arg(long, value_name = "NAME")]
    created_at_column: Option<String>,
    /// [default: disabled_at]
    #[arg(long, value_name = "NAME")]
    disabled_at_column: Option<String>,
}

#[derive(Default, Serialize)]
struct Summary {
    rows: u64,
    imported: u64,
    already_here: u64,
    refused: u64,
    seconds: f64,
    rows_per_second: f64,
    dry_run: bool,
}

/// What an import works with; without an app, it is a dry run.
struct Prepared {
    importer: Importer,
    judge: Judge,
    app: Option<App>,
}

/// Judges each row of a CSV file whose columns have the usual names by itself, as an import does before it asks who is
/// here already. New ids are all the same.
///
/// # Errors
/// Why the file, or the rest of it, cannot be read.
pub fn judge_csv(
    file: impl Read + Send + 'static,
    now: Timestamp,
) -> Result<impl Iterator<Item = Result<Result<Draft, Refusal>, String>>, String> {
    let judge = Judge { now, new_id: Arc::new(|| "new".to_owned()) };
    let file = Counted { file: Box::new(file), bytes: Arc::default() };
    let rows = csv_rows::open(file, &Names::of(&Columns::default())).map_err(|failure| failure.to_string())?;
    Ok(rows.map(move |row| match row {
        Ok(row) => Ok(row.and_then(|row| judge.judge(row))),
        Err(failure) => Err(failure.to_string()),
    }))
}

impl Import {
    pub(super) async fn run(self, config: Config) -> Outcome {
        let begun = Instant::now();
        let configured = config.database.clone();
        let source = Source::find(&self, &configured)?;
        let Prepared { mut importer, judge, app } = self.prepare(config).await?;
        let mut rows = source.open(judge).await?;
        let mut summary = Summary { dry_run: self.dry_run, ..Summary::default() };
        if let Some(app) = &app {
            flows::note_import_began(app).await.map_err(Failure::new)?;
        }
        let outcome = self.import_all(&mut rows, &mut importer, &mut summary).await;
        if let Some(app) = &app {
            // What is in is in, whatever broke off.
            let Summary { imported, already_here, refused, .. } = summary;
            let noted = flows::note_import_ended(app, imported, already_here, refused).await.map_err(Failure::new);
            outcome.and(noted)?;
        } else {
            outcome?;
        }
        importer.close().await;
        summary.finish(begun);
        self.print(&summary)
    }

    async fn import_all(&self, rows: &mut Rows, importer: &mut Importer, summary: &mut Summary) -> Outcome {
        let mut report = Report::open(self.report.as_deref(), self.json)?;
        let mut progress = Progress::new(rows.total);
        while let Some(batch) = rows.next().await {
            let batch = batch?;
            let verdicts = importer.import(batch.rows).await.map_err(broken_off)?;
            summary.add(&verdicts);
            progress.pause(|| report.write(&verdicts.refused))?;
            progress.show(batch.position, summary.rows, summary.refused);
        }
        progress.end();
        report.end()
    }

    /// A dry run opens what there is and creates nothing.
    async fn prepare(&self, config: Config) -> Result<Prepared, Failure> {
        let (importer, clock, random, app) = if self.dry_run {
            let is_new = matches!(&config.database, DatabaseUrl::Sqlite(path) if !path.exists());
            let db = if is_new { None } else { Some(open_database(&config).await?) };
            (Importer::dry(db).await, Clock::system(), Random::new(), None)
        } else {
            let app = open_beside(config).await?;
            (Importer::new(app.db.clone()), app.clock.clone(), app.random.clone(), Some(app))
        };
        let now = clock.now();
        let new_id = Arc::new(move || random.uuid(clock.now()));
        Ok(Prepared { importer: importer.map_err(Failure::new)?, judge: Judge { now, new_id }, app })
    }

    fn print(&self, summary: &Summary) -> Outcome {
        if self.json {
            report::say(&serde_json::to_string(summary).map_err(Failure::new)?)?;
        } else {
            report::say(&summary.to_string())?;
        }
        if summary.refused > 0 { Err(Failure::RowsRefused) } else { Ok(()) }
    }
}

fn broken_off(error: crate::store::Error) -> Failure {
    Failure::new(format!("the import broke off: {error}. Run the same command again: it goes on where it stopped"))
}

impl Summary {
    fn add(&mut self, verdicts: &Verdicts) {
        let refused = verdicts.refused.len() as u64;
        self.rows += verdicts.imported + verdicts.already_here + refused;
        self.imported += verdicts.imported;
        self.already_here += verdicts.already_here;
        self.refused += refused;
    }

    fn finish(&mut self, begun: Instant) {
        self.seconds = (begun.elapsed().as_secs_f64() * 1000.0).round() / 1000.0;
        self.rows_per_second = (self.rows as f64 / self.seconds.max(0.001)).round();
    }
}

impl std::fmt::Display for Summary {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [imported, already_here, refused, rows] =
            [self.imported, self.already_here, self.refused, self.rows].map(thousands);
        let rate = thousands(self.rows_per_second as u64);
        write!(formatter, "imported {imported}, already here {already_here}, refused {refused} of {rows} rows")?;
        write!(formatter, " in {:.1} s ({rate} rows/s)", self.seconds)?;
        if self.dry_run {
            write!(formatter, "; a dry run: nothing was written")?;
        }
        Ok(())
    }
}
