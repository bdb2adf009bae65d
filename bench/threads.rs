//! How often something can be done a second, on several threads at once.

use std::sync::Barrier;
use std::time::{Duration, Instant};

/// The sum of what each thread reaches with a worker of its own. Each does its work once before, for nothing: memory is
/// made then.
pub fn per_second<W: FnMut()>(threads: usize, slice: Duration, worker: impl Fn() -> W + Sync) -> f64 {
    let barrier = Barrier::new(threads);
    std::thread::scope(|scope| {
        let run = || {
            let (mut work, mut count) = (worker(), 0);
            work();
            barrier.wait();
            let begun = Instant::now();
            while begun.elapsed() < slice {
                work();
                count += 1;
            }
            f64::from(count) / begun.elapsed().as_secs_f64()
        };
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no worker panics")).sum()
    })
}
