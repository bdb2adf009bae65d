//! What the connections of each scenario say.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::dialect::{Dialect, Person, Session};
use crate::drive::Script;
use crate::stage::Failure;
use crate::wire::Answer;

/// Requests that are made before the clock runs, each for one use: an envelope is good only once.
pub struct Stock {
    made: Vec<Vec<u8>>,
    next: AtomicUsize,
    make: Make,
}

type Make = Box<dyn Fn(usize) -> Result<Vec<u8>, Failure> + Send + Sync>;

impl Stock {
    pub fn of(count: usize, make: Make) -> Result<Arc<Self>, Failure> {
        let made = (0..count).map(&make).collect::<Result<_, _>>()?;
        Ok(Arc::new(Self { made, next: AtomicUsize::new(0), make }))
    }

    /// Where a server is faster than was thought, the rest is made while it waits.
    fn take(&self) -> Result<Vec<u8>, Failure> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.made.get(number).map_or_else(|| (self.make)(number), |request| Ok(request.clone()))
    }
}

/// One after the other, whoever of the connections comes first.
pub struct FromStock {
    pub stock: Arc<Stock>,
    pub is_guessing: bool,
}

impl Script for FromStock {
    fn next(&mut self) -> Result<Vec<u8>, Failure> {
        self.stock.take()
    }

    fn expects(&self, status: u16) -> bool {
        if self.is_guessing { (400..500).contains(&status) } else { (200..300).contains(&status) }
    }
}

pub struct Again(pub Vec<u8>);

impl Script for Again {
    fn next(&mut self) -> Result<Vec<u8>, Failure> {
        Ok(self.0.clone())
    }
}

/// Each answer brings the token of the next request.
pub struct Refreshing {
    pub dialect: Dialect,
    pub session: Session,
}

impl Script for Refreshing {
    fn next(&mut self) -> Result<Vec<u8>, Failure> {
        Ok(self.dialect.refresh(&self.session).ok_or("there is nothing to refresh")?)
    }

    fn heard(&mut self, answer: &Answer) -> Result<(), Failure> {
        self.session = self.dialect.session(answer)?;
        Ok(())
    }
}

/// A day of an application, in a hundred requests: 2 logins, 4 refreshes, 26 profiles, and tokens checked for the rest.
pub struct Mixed {
    pub logins: Arc<Stock>,
    pub refreshing: Refreshing,
    pub number: usize,
}

impl Script for Mixed {
    fn next(&mut self) -> Result<Vec<u8>, Failure> {
        self.number += 1;
        let Refreshing { dialect, session } = &self.refreshing;
        match self.number % 50 {
            0 => self.logins.take(),
            10 | 35 if dialect.refresh(session).is_some() => self.refreshing.next(),
            place if place % 4 == 1 => Ok(dialect.profile(session)),
            _ => Ok(dialect.verify(session).unwrap_or_else(|| dialect.profile(session))),
        }
    }

    fn heard(&mut self, answer: &Answer) -> Result<(), Failure> {
        match self.number % 50 {
            10 | 35 if self.refreshing.session.can_be_refreshed() => self.refreshing.heard(answer),
            _ => Ok(()),
        }
    }
}

/// Who can log in, by their numbers from 0.
#[derive(Clone, Copy, Debug)]
pub enum People {
    /// So many who were registered before.
    Registered(usize),
    /// So many with whom the tables were filled, picked all over them.
    Filled(usize),
}

impl People {
    pub fn count(self) -> usize {
        let (Self::Registered(count) | Self::Filled(count)) = self;
        count
    }

    pub fn number(self, number: usize) -> Person {
        let email = match self {
            Self::Registered(count) => format!("user-{}@example.com", number % count),
            Self::Filled(count) => filled_email(number * 104_729 % count),
        };
        Person { email, password: PASSWORD }
    }
}

/// As [`Tables::fill`](crate::tables::Tables::fill) makes them.
fn filled_email(number: usize) -> String {
    format!("{}@example.org", in_no_order(number))
}

/// Of someone who is not there yet: between the others.
pub fn new_email(number: usize) -> String {
    format!("{}@example.com", in_no_order(number))
}

/// As people's addresses are. Below its modulus, no number of Lehmer's generator comes twice.
fn in_no_order(number: usize) -> String {
    format!("{:012}", number * 48_271 % 2_147_483_647)
}

pub const PASSWORD: &str = "quiet tides wander north";
