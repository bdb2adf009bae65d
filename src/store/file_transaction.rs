//! A transaction on an SQLite file.

use super::file::{FileConnection, Written};
use super::stock::{Held, Stock};

/// An open transaction. Dropped before its end, it is rolled back, and only then its connection goes to the next.
#[derive(Debug)]
pub struct FileTransaction(Held<FileConnection>);

impl FileTransaction {
    /// Whoever writes waits here, in order of arrival, for the one connection that does.
    pub async fn to_write(writer: &Stock<FileConnection>) -> Result<Self, sqlx::Error> {
        Self::begin(writer, "BEGIN IMMEDIATE").await
    }

    pub async fn to_read(readers: &Stock<FileConnection>) -> Result<Self, sqlx::Error> {
        Self::begin(readers, "BEGIN").await
    }

    async fn begin(stock: &Stock<FileConnection>, statement: &'static str) -> Result<Self, sqlx::Error> {
        let mut held = stock.take().await?;
        let begun = held.conn().begin_with(statement).await;
        // One that cannot begin is none the worse for it, and remembers why.
        held.rest_after(&begun);
        begun.map(|()| Self(held))
    }

    pub fn conn(&mut self) -> &mut FileConnection {
        self.0.conn()
    }

    /// A commit that fails is rolled back. After one that does not, the connection goes to the next, and the caller waits
    /// for the disk alone.
    pub async fn commit(mut self) -> Result<Written, sqlx::Error> {
        let written = self.conn().commit().await?;
        if self.conn().has_long_log().unwrap_or(false) {
            // The next one waits for this. As long as it fails, the log grows, and each tries again.
            tokio::spawn(async move { self.conn().shorten_log().await });
        }
        Ok(written)
    }

    pub fn roll_back(mut self) -> Result<(), sqlx::Error> {
        self.conn().roll_back()
    }
}

impl Drop for FileTransaction {
    fn drop(&mut self) {
        // A connection that did not come back, or does not roll back, is closed instead.
        let rolled_back = self.0.conn().roll_back();
        self.0.rest_after(&rolled_back);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::*;
    use crate::store::file::FileOptions;
    use crate::store::plan::{Plan, SetUp};

    const PATIENCE: Duration = Duration::from_millis(300);

    async fn writer(path: &Path) -> Stock<FileConnection> {
        let set_up: SetUp<FileConnection> = |conn, _| Box::pin(conn.wait_together());
        let options = FileOptions::new(path, PATIENCE);
        let stock = Stock::new(Plan { name: "test", options, set_up, most: 1, patience: PATIENCE * 10, server: None });
        let mut held = stock.take().await.unwrap();
        let made = sqlx::raw_sql("CREATE TABLE IF NOT EXISTS t (n INTEGER)").execute(held.conn()).await;
        held.rest_after(&made);
        made.unwrap();
        drop(held);
        stock
    }

    async fn insert(transaction: &mut FileTransaction) {
        sqlx::query("INSERT INTO t VALUES (1)").execute(transaction.conn()).await.unwrap();
    }

    fn rows(path: &Path) -> i64 {
        rusqlite::Connection::open(path).unwrap().query_one("SELECT COUNT(*) FROM t", [], |row| row.get(0)).unwrap()
    }

    #[tokio::test]
    async fn what_is_dropped_leaves_nothing_and_what_is_committed_stays() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let stock = writer(file.path()).await;
        let mut dropped = FileTransaction::to_write(&stock).await.unwrap();
        insert(&mut dropped).await;
        drop(dropped);
        assert_eq!(rows(file.path()), 0);
        let mut kept = FileTransaction::to_write(&stock).await.unwrap();
        insert(&mut kept).await;
        assert_eq!(rows(file.path()), 0);
        kept.commit().await.unwrap().lasts().await.unwrap();
        assert_eq!((rows(file.path()), stock.usage().idle), (1, 1));
    }

    #[tokio::test]
    async fn the_log_is_moved_into_the_file_before_it_is_long() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let stock = writer(file.path()).await;
        for _ in 0..300 {
            let mut transaction = FileTransaction::to_write(&stock).await.unwrap();
            let query = sqlx::query("INSERT INTO t VALUES (?)").bind(vec![7_u8; 40_000]);
            query.execute(transaction.conn()).await.unwrap();
            transaction.commit().await.unwrap().lasts().await.unwrap();
        }
        let log = format!("{}-wal", file.path().display());
        let (written, left) = (300 * 40_000, std::fs::metadata(log).unwrap().len());
        assert!(left < written / 2, "{left} bytes");
    }

    #[tokio::test]
    async fn where_there_is_no_log_a_commit_waits_by_itself() {
        let stock = writer(Path::new(":memory:")).await;
        let mut transaction = FileTransaction::to_write(&stock).await.unwrap();
        insert(&mut transaction).await;
        transaction.commit().await.unwrap().lasts().await.unwrap();
        let mut transaction = FileTransaction::to_write(&stock).await.unwrap();
        let rows: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM t").fetch_one(transaction.conn()).await.unwrap();
        assert_eq!(rows, 1);
    }

    /// As when a client hangs up: nobody hears whether it was committed, and the next one writes all the same.
    #[tokio::test]
    async fn a_commit_that_nobody_waits_for_is_in_nobodys_way() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let stock = writer(file.path()).await;
        for _ in 0..20 {
            let mut abandoned = FileTransaction::to_write(&stock).await.unwrap();
            insert(&mut abandoned).await;
            let mut commit = Box::pin(async { abandoned.commit().await?.lasts().await });
            assert!(futures_util::poll!(&mut commit).is_pending(), "it waits for the disk");
            drop(commit);
            let mut next = FileTransaction::to_write(&stock).await.unwrap();
            insert(&mut next).await;
            next.commit().await.unwrap().lasts().await.unwrap();
        }
        assert_eq!(rows(file.path()), 40);
    }

    /// On a runtime of one thread, which would stand still.
    #[tokio::test]
    async fn another_process_is_waited_for_elsewhere_and_not_for_ever() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let stock = writer(file.path()).await;
        let other = rusqlite::Connection::open(file.path()).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();

        let ticks = tokio::spawn(async {
            for _ in 0..10 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        let begun = std::time::Instant::now();
        let refused = FileTransaction::to_write(&stock).await.unwrap_err();
        assert!(refused.to_string().contains("locked") && begun.elapsed() >= PATIENCE, "{refused}");
        assert!(ticks.is_finished(), "nothing else ran meanwhile");

        let waiting = tokio::spawn({
            let stock = stock.clone();
            async move {
                let mut transaction = FileTransaction::to_write(&stock).await?;
                insert(&mut transaction).await;
                transaction.commit().await?.lasts().await
            }
        });
        tokio::time::sleep(PATIENCE / 4).await;
        other.execute_batch("COMMIT").unwrap();
        waiting.await.unwrap().unwrap();
        assert_eq!(rows(file.path()), 1);
    }
}
