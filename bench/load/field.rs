//! Who is compared, and how each is started.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bulla_seal::KeySize;
use tempfile::TempDir;

use crate::dialect::Dialect;
use crate::fresh_copy::fresh_copy;
use crate::mysql::MySql;
use crate::scripts::{PASSWORD, People};
use crate::sealer::Sealer;
use crate::spread::Spread;
use crate::stage::{Failure, PROGRAM, Server, ending_with_us, import, password_hash};
use crate::usage::Usage;
use crate::wire::Wire;

pub struct Entrant {
    pub name: &'static str,
    pub title: &'static str,
    /// How it hashes passwords.
    pub hash: &'static str,
    pub dialect: Dialect,
    program: Program,
    is_on_mysql: bool,
}

enum Program {
    /// With sealing keys of this size.
    Bulla(KeySize),
    /// The folder below `bench/peers`, and which password hash it is to use.
    Peer(&'static str, &'static str),
}

const OURS: &str = "Argon2id 19 MiB, t=2";
/// Everyone comes from one address here, which nobody outside does.
const OPEN: (&str, &str) = ("BULLA_ADDRESS_RATE", "off");

pub const FIELD: [Entrant; 11] = [
    ours("bulla", "Bulla, SQLite", KeySize::Rsa3072, false),
    ours("bulla-mysql", "Bulla, MySQL", KeySize::Rsa3072, true),
    ours("bulla-2048", "Bulla, SQLite, RSA-2048", KeySize::Rsa2048, false),
    ours("bulla-4096", "Bulla, SQLite, RSA-4096", KeySize::Rsa4096, false),
    peer("tutorial", "The tutorial: Express, MySQL", "bcryptjs, cost 10", Dialect::Tutorial, "own", true),
    peer("tutorial-tuned", "The tutorial, tuned: a process a core", OURS, Dialect::Tutorial, "own", true),
    peer("better-auth", "Better Auth, SQLite", "scrypt N=16384, r=16", Dialect::BetterAuth, "own", false),
    peer("better-auth-equal", "Better Auth with @node-rs/argon2", OURS, Dialect::BetterAuth, "equal", false),
    peer("fastapi", "FastAPI with pwdlib, SQLite", "Argon2id 64 MiB, t=3, p=4", Dialect::FastApi, "own", false),
    peer("fastapi-equal", "FastAPI with pwdlib, equal hash", OURS, Dialect::FastApi, "equal", false),
    peer("loco", "loco, SQLite", OURS, Dialect::Loco, "own", false),
];

const fn ours(name: &'static str, title: &'static str, size: KeySize, is_on_mysql: bool) -> Entrant {
    Entrant { name, title, hash: OURS, dialect: Dialect::Bulla, program: Program::Bulla(size), is_on_mysql }
}

const fn peer(
    name: &'static str,
    title: &'static str,
    hash: &'static str,
    dialect: Dialect,
    which_hash: &'static str,
    is_on_mysql: bool,
) -> Entrant {
    Entrant { name, title, hash, dialect, program: Program::Peer(name, which_hash), is_on_mysql }
}

/// A server that answers.
pub struct Running {
    pub entrant: &'static Entrant,
    pub address: SocketAddr,
    pub people: People,
    process: Process,
    database: Option<MySql>,
}

enum Process {
    /// The server goes before its folder.
    Bulla {
        server: Server,
        folder: TempDir,
    },
    Peer(PeerProcess),
}

struct PeerProcess {
    child: Child,
    _data: TempDir,
}

/// So many that none of them reaches its limit of a hundred sessions, and has to end the oldest.
const OUR_PEOPLE: usize = 4000;
/// Who has to register one after the other, which costs a hash each.
const THEIR_PEOPLE: usize = 64;
const STARTS: usize = 5;
const PATIENCE: Duration = Duration::from_secs(60);

impl Entrant {
    pub fn named(name: &str) -> Result<&'static Self, Failure> {
        let names = || FIELD.map(|entrant| entrant.name).join(", ");
        let entrant = FIELD.iter().find(|entrant| entrant.name == name);
        entrant.ok_or_else(|| format!("there is no server {name:?} to ask; there are {}", names()).into())
    }

    /// Those who are asked everything: all but ours with a key of another size.
    pub fn compared() -> impl Iterator<Item = &'static Self> {
        FIELD.iter().filter(|entrant| entrant.is_compared())
    }

    pub fn is_compared(&self) -> bool {
        self.key_size() == KeySize::default()
    }

    /// With the same parameters, so that the limit of our logins is one of its, too.
    pub fn hashes_as_ours(&self) -> bool {
        self.hash == OURS
    }

    /// Of what a login here would be, if it were one of ours.
    pub fn key_size(&self) -> KeySize {
        if let Program::Bulla(size) = self.program { size } else { KeySize::default() }
    }

    /// Downloads and builds what it needs.
    pub fn install(&self) -> Result<(), Failure> {
        let Program::Peer(..) = self.program else { return Ok(()) };
        let status = Command::new(self.start_script()?).arg("--install").status()?;
        if status.success() { Ok(()) } else { Err(format!("{} cannot be installed", self.name).into()) }
    }

    pub fn start(&'static self) -> Result<Running, Failure> {
        self.start_build(Path::new(PROGRAM))
    }

    /// Ours may be another build.
    pub fn start_build(&'static self, program: &Path) -> Result<Running, Failure> {
        let database = if self.is_on_mysql { Some(MySql::create(&self.name.replace('-', "_"))?) } else { None };
        let url = database.as_ref().map(MySql::url);
        let (process, address, people) = match &self.program {
            Program::Bulla(size) => {
                let bits = size.bits().to_string();
                let mut settings = vec![OPEN, ("BULLA_SEALING_BITS", bits.as_str())];
                settings.extend(url.map(|url| ("DATABASE_URL", url)));
                let folder = fresh_copy(program)?;
                import(folder.path(), &accounts(), &settings)?;
                let server = Server::start(folder.path(), &settings)?;
                let address = server.address;
                (Process::Bulla { server, folder }, address, People::Registered(OUR_PEOPLE))
            }
            Program::Peer(_, hash) => {
                let (process, address) = self.start_peer(hash, url)?;
                (Process::Peer(process), address, People::Registered(THEIR_PEOPLE))
            }
        };
        let running = Running { entrant: self, address, people, process, database };
        if let Process::Peer(_) = running.process {
            running.register_everyone()?;
        }
        Ok(running)
    }

    fn start_peer(&self, hash: &str, url: Option<&str>) -> Result<(PeerProcess, SocketAddr), Failure> {
        let (data, address) = (tempfile::tempdir()?, TcpListener::bind("127.0.0.1:0")?.local_addr()?);
        let mut command = ending_with_us(self.start_script()?);
        command.env("PORT", address.port().to_string()).env("DATA", data.path()).env("HASH", hash);
        command.envs(url.map(|url| ("DATABASE_URL", url)));
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
        let mut process = PeerProcess { child, _data: data };
        let begun = Instant::now();
        while TcpStream::connect(address).is_err() {
            if let Some(status) = process.child.try_wait()? {
                return Err(format!("{} ended at once: {status}", self.name).into());
            }
            if begun.elapsed() > PATIENCE {
                return Err(format!("{} does not start", self.name).into());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok((process, address))
    }

    fn start_script(&self) -> Result<PathBuf, Failure> {
        let Program::Peer(name, _) = self.program else { return Err("Bulla needs no script".into()) };
        let folder = name.strip_suffix("-equal").unwrap_or(name);
        Ok(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("bench/peers").join(folder).join("start"))
    }
}

/// For `bulla users import`.
fn accounts() -> String {
    let hash = password_hash(PASSWORD);
    let line = |number: usize| {
        format!("{},Ada,{},\"{}\"\n", number + 1, People::Registered(OUR_PEOPLE).number(number).email, hash.as_str())
    };
    let lines: String = (0..OUR_PEOPLE).map(line).collect();
    format!("id,name,email,password\n{lines}")
}

impl Running {
    pub fn sealer(&self) -> Result<Sealer, Failure> {
        self.entrant.dialect.sealer(&mut Wire::to(self.address)?)
    }

    pub fn usage(&self) -> Result<Usage, Failure> {
        Usage::of(match &self.process {
            Process::Bulla { server, .. } => server.process.id(),
            Process::Peer(peer) => peer.child.id(),
        })
    }

    /// Of our own server.
    pub fn database_url(&self) -> Option<String> {
        let Process::Bulla { folder, .. } = &self.process else { return None };
        let file = || format!("sqlite:{}", folder.path().join("bulla-data/bulla.db").display());
        Some(self.database.as_ref().map_or_else(file, |database| database.url().to_owned()))
    }

    /// How long another one takes on the same database until it is ready, in milliseconds.
    pub fn restart_times(&self) -> Result<Spread, Failure> {
        let Process::Bulla { folder, .. } = &self.process else { return Err("only Bulla is started twice".into()) };
        let settings: Vec<_> = self.database.iter().map(|database| ("DATABASE_URL", database.url())).collect();
        let mut times = Vec::new();
        for _ in 0..STARTS {
            let begun = Instant::now();
            drop(Server::start(folder.path(), &settings)?);
            times.push(begun.elapsed().as_secs_f64() * 1000.0);
        }
        Ok(Spread::of(times))
    }

    fn register_everyone(&self) -> Result<(), Failure> {
        let (mut wire, sealer) = (Wire::to(self.address)?, self.sealer()?);
        for number in 0..self.people.count() {
            let answer = wire.ask(&self.entrant.dialect.register(&self.people.number(number), &sealer)?)?;
            if !(200..300).contains(&answer.status) {
                let body = String::from_utf8_lossy(&answer.body);
                return Err(format!("{} registers nobody: {} {body}", self.entrant.name, answer.status).into());
            }
        }
        Ok(())
    }
}

impl Drop for PeerProcess {
    fn drop(&mut self) {
        // Its workers end when it does.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let begun = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) {
            if begun.elapsed() > PATIENCE / 6 {
                let _ = self.child.kill();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
