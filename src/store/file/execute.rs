//! Running statements.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::stream::{BoxStream, StreamExt, TryStreamExt, iter, once};
use sqlx::{Either, Execute, Executor, SqlStr};
use sqlx_core::connection::LogSettings;
use sqlx_core::logger::QueryLogger;

use super::connection::{FileConnection, Handle};
use super::error::{is_busy, translated};
use super::row::{FileQueryResult, FileRow, FileStatement, columns};
use super::{File, FileArguments};

/// A statement, and the values of its `?`. None at all: it may be several statements, and nobody asks for rows.
#[derive(Debug)]
struct Task {
    sql: SqlStr,
    arguments: Option<FileArguments>,
    most_rows: usize,
}

#[derive(Debug, Default)]
struct Done {
    result: FileQueryResult,
    rows: Vec<FileRow>,
}

impl Task {
    fn of<'q>(mut query: impl Execute<'q, File>, most_rows: usize) -> Result<Self, sqlx::Error> {
        let arguments = query.take_arguments().map_err(sqlx::Error::Encode)?;
        Ok(Self { arguments, sql: query.sql(), most_rows })
    }

    /// A write that is a transaction by itself ends with waiting for the disk.
    fn waits_in(&self, handle: &mut Handle) -> rusqlite::Result<bool> {
        Ok(match &self.arguments {
            None => true,
            Some(_) => handle.conn.is_autocommit() && !handle.known(&self.sql)?.only_reads,
        })
    }

    fn run(&self, handle: &mut Handle) -> rusqlite::Result<Done> {
        let Some(arguments) = &self.arguments else {
            return handle.conn.execute_batch(self.sql.as_str()).map(|()| Done::default());
        };
        let known = handle.known(&self.sql)?;
        let (columns, only_reads) = (Arc::clone(&known.columns), known.only_reads);
        let mut statement = handle.conn.prepare_cached(self.sql.as_str())?;
        for (place, value) in arguments.values().iter().enumerate() {
            statement.raw_bind_parameter(place + 1, value)?;
        }
        let (mut found, mut rows) = (Vec::new(), statement.raw_query());
        while found.len() < self.most_rows {
            let Some(row) = rows.next()? else { break };
            found.push(FileRow::read(row, &columns)?);
        }
        drop(rows);
        let changed = if only_reads { 0 } else { handle.conn.changes() };
        Ok(Done { result: FileQueryResult::new(changed), rows: found })
    }
}

impl FileConnection {
    async fn ask(&mut self, task: Result<Task, sqlx::Error>) -> Result<Done, sqlx::Error> {
        let task = task?;
        let mut logger = QueryLogger::new(task.sql.clone(), LogSettings::default());
        let done = self.ask_here_or_elsewhere(task).await?;
        logger.increase_rows_affected(done.result.rows_affected());
        done.rows.iter().for_each(|_| logger.increment_rows_returned());
        Ok(done)
    }

    async fn ask_here_or_elsewhere(&mut self, task: Task) -> Result<Done, sqlx::Error> {
        let handle = self.here()?;
        if !task.waits_in(handle).map_err(translated)? {
            match task.run(handle) {
                // During the recovery after a crash, another process locks everyone out.
                Err(error) if is_busy(&error) => {}
                done => return done.map_err(translated),
            }
        }
        let done = self.elsewhere(move |handle| task.run(handle)).await?;
        self.written()?.lasts().await?;
        Ok(done)
    }
}

impl<'c> Executor<'c> for &'c mut FileConnection {
    type Database = File;

    fn execute<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<FileQueryResult, sqlx::Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, File>,
    {
        let task = Task::of(query, usize::MAX);
        Box::pin(async move { Ok(self.ask(task).await?.result) })
    }

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Either<FileQueryResult, FileRow>, sqlx::Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, File>,
    {
        let task = Task::of(query, usize::MAX);
        let answers = |Done { result, rows }| {
            iter(rows).map(|row| Ok(Either::Right(row))).chain(iter([Ok(Either::Left(result))]))
        };
        once(async move { self.ask(task).await.map(answers) }).try_flatten().boxed()
    }

    fn fetch_all<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Vec<FileRow>, sqlx::Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, File>,
    {
        let task = Task::of(query, usize::MAX);
        Box::pin(async move { Ok(self.ask(task).await?.rows) })
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<FileRow>, sqlx::Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, File>,
    {
        let task = Task::of(query, 1);
        Box::pin(async move { Ok(self.ask(task).await?.rows.pop()) })
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        _parameters: &'e [super::StorageClass],
    ) -> BoxFuture<'e, Result<FileStatement, sqlx::Error>>
    where
        'c: 'e,
    {
        Box::pin(async move {
            let conn = &self.here()?.conn;
            let statement = conn.prepare(sql.as_str()).map_err(translated)?;
            let (columns, parameters) = (columns(&statement), statement.parameter_count());
            Ok(FileStatement { columns, parameters, sql: sql.clone() })
        })
    }
}
