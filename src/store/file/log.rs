//! The write-ahead log of a file, and until where it is on the disk.
//!
//! A transaction is written in a tenth of a millisecond, and then waits for the disk several times as long. While it
//! waits, the next ones are written; and all that were written before the disk is asked again are waited for at once
//! (group commit). What a transaction has written is seen by others before it is sure to outlive a power cut. They may
//! well act on it: whatever they write comes later in the log, and so does whatever they are told after they wrote.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};

use tokio::sync::watch;

use super::error::lost;

/// Dropped, and with it all that was written, it ends its thread.
#[derive(Debug)]
pub(super) struct Log {
    written: u64,
    disk: Disk,
}

/// Where to ask for the disk, and to hear of it.
#[derive(Clone, Debug)]
struct Disk {
    asks: Sender<u64>,
    lasting: watch::Receiver<Lasting>,
}

/// Until which of the things that were written the disk has them.
#[derive(Debug)]
enum Lasting {
    Until(u64),
    /// The disk could not keep something, and the system has forgotten what it was. Nothing that is written after it
    /// would be found again.
    Broken(io::Error),
}

/// Something that was written, and is not yet sure to last. The disk is asked for it once someone waits.
#[derive(Debug)]
#[must_use = "the disk may not have it yet"]
pub struct Written(Option<(u64, Disk)>);

impl Log {
    /// Of a file that a connection has open. As long as it has, the log is not replaced by another one.
    pub(super) fn of(database: &Path, has_lost: Arc<AtomicBool>) -> io::Result<Self> {
        // SQLite follows links, too, before it names the log after the file.
        let mut path = database.canonicalize()?.into_os_string();
        path.push("-wal");
        let log = File::open(&path)?;
        // The log may be a moment old: whoever looks for it after a power cut must find its name, too.
        Path::new(&path).parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())?;
        Self::over(log, has_lost)
    }

    fn over(log: File, has_lost: Arc<AtomicBool>) -> io::Result<Self> {
        let (asks, asked) = mpsc::channel();
        let (tells, lasting) = watch::channel(Lasting::Until(0));
        std::thread::Builder::new()
            .name("bulla-log".to_owned())
            .spawn(move || keep(&log, &asked, &tells, &has_lost))?;
        Ok(Self { written: 0, disk: Disk { asks, lasting } })
    }

    /// What was written until now.
    pub(super) fn written(&mut self) -> Written {
        self.written += 1;
        Written(Some((self.written, self.disk.clone())))
    }

    /// Whether it can be written to.
    pub(super) fn check(&self) -> Result<(), sqlx::Error> {
        self.disk.lasting.borrow().check()
    }
}

impl Lasting {
    fn check(&self) -> Result<(), sqlx::Error> {
        match self {
            Self::Until(_) => Ok(()),
            Self::Broken(error) => Err(lost(error)),
        }
    }
}

impl Written {
    /// By a connection that waits for the disk itself.
    pub(super) const AND_LASTS: Self = Self(None);

    /// Waits until the disk has it.
    pub async fn lasts(self) -> Result<(), sqlx::Error> {
        let Some((written, Disk { asks, mut lasting })) = self.0 else { return Ok(()) };
        let is_over = |lasting: &Lasting| match lasting {
            Lasting::Until(number) => *number >= written,
            Lasting::Broken(_) => true,
        };
        if !is_over(&lasting.borrow()) {
            // A thread that has ended has said why.
            let _ = asks.send(written);
        }
        lasting.wait_for(is_over).await.map_err(|_| sqlx::Error::WorkerCrashed)?.check()
    }
}

fn keep(log: &File, asked: &Receiver<u64>, tells: &watch::Sender<Lasting>, has_lost: &AtomicBool) {
    let mut until = 0;
    while let Ok(first) = asked.recv() {
        let last = asked.try_iter().fold(first, u64::max);
        if last <= until {
            // Whoever wrote before another one may ask after it, when the disk has both.
            continue;
        }
        if let Err(error) = log.sync_data() {
            tracing::error!(
                "the disk could not keep what was written ({error}): whatever would write is answered 503 from now on, \
                 reading goes on. Mend it, then restart"
            );
            has_lost.store(true, Ordering::Relaxed);
            tells.send_replace(Lasting::Broken(error));
            return;
        }
        until = last;
        tells.send_replace(Lasting::Until(until));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whatever_was_written_lasts_in_whichever_order_it_is_waited_for() {
        let mut log = Log::over(tempfile::tempfile().unwrap(), Arc::default()).unwrap();
        let (first, second, third) = (log.written(), log.written(), log.written());
        for written in [third, first, second] {
            written.lasts().await.unwrap();
        }
        log.written().lasts().await.unwrap();
        log.check().unwrap();
        let last = log.written();
        drop(log);
        last.lasts().await.unwrap();
    }

    /// Whoever hears of two answers at once hears of the last.
    #[tokio::test]
    async fn what_lasts_is_never_taken_back() {
        let Disk { asks, mut lasting } = Log::over(tempfile::tempfile().unwrap(), Arc::default()).unwrap().disk;
        let is_second = |lasting: &Lasting| matches!(lasting, Lasting::Until(2));
        asks.send(2).unwrap();
        lasting.wait_for(is_second).await.unwrap();
        asks.send(1).unwrap();
        drop(asks);
        while lasting.changed().await.is_ok() {}
        assert!(is_second(&lasting.borrow()), "{:?}", *lasting.borrow());
    }

    /// Nothing lasts in `/dev/null`, and it says so.
    #[tokio::test]
    async fn a_disk_that_lost_something_is_not_asked_again() {
        let has_lost = Arc::<AtomicBool>::default();
        let mut log = Log::over(File::open("/dev/null").unwrap(), Arc::clone(&has_lost)).unwrap();
        log.check().unwrap();
        assert!(!has_lost.load(Ordering::Relaxed));
        let (lost, later) = (log.written(), log.written());
        for written in [lost, later] {
            let error = written.lasts().await.unwrap_err();
            assert!(error.to_string().contains("could not keep what was written"), "{error}");
        }
        assert!(log.check().is_err() && log.written().lasts().await.is_err());
        assert!(has_lost.load(Ordering::Relaxed));
    }
}
