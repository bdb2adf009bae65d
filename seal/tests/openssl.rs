//! The `openssl` program as the other side: its keys, its encryption, its decryption.
#![expect(clippy::unwrap_used, reason = "in a test, a failed unwrap is the message")]

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bulla_seal::{
    Envelope, Expected, ImportError, KeySize, NonceKey, Opened, PublicKey, Purpose, SealingKey, seal_raw,
};
use tempfile::TempDir;

const OAEP: &str = "-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha256";

#[test]
fn what_openssl_encrypts_opens() {
    let folder = Folder::new();
    let key = SealingKey::generate(KeySize::Rsa3072).unwrap();
    folder.write("public.pem", key.public().to_pem().as_bytes());
    folder.write("password", "pässwörd 🔐".as_bytes());
    folder.openssl(&format!("pkeyutl -encrypt -pubin -inkey public.pem {OAEP} -in password -out sealed"));
    let text = STANDARD.encode(fs::read(folder.path("sealed")).unwrap());
    assert_eq!(opened(&key, &text).as_deref(), Some("pässwörd 🔐"));
}

#[test]
fn openssl_decrypts_what_we_seal() {
    let folder = Folder::new();
    folder.openssl("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out private.pem");
    folder.openssl("pkey -in private.pem -pubout -out public.pem");
    let public = PublicKey::from_pem(&folder.read("public.pem")).unwrap();
    folder.write("sealed", &STANDARD.decode(seal_raw(&public, "pässwörd 🔐").unwrap()).unwrap());
    folder.openssl(&format!("pkeyutl -decrypt -inkey private.pem {OAEP} -in sealed -out password"));
    assert_eq!(folder.read("password"), "pässwörd 🔐");
}

#[test]
fn the_paddings_that_openssl_uses_unless_told_do_not_open() {
    let folder = Folder::new();
    let key = SealingKey::generate(KeySize::Rsa2048).unwrap();
    folder.write("public.pem", key.public().to_pem().as_bytes());
    folder.write("password", b"correct horse battery staple");
    for options in ["", "-pkeyopt rsa_padding_mode:oaep", "-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha512"]
    {
        folder.openssl(&format!("pkeyutl -encrypt -pubin -inkey public.pem {options} -in password -out sealed"));
        let text = STANDARD.encode(fs::read(folder.path("sealed")).unwrap());
        assert_eq!(opened(&key, &text), None, "{options}");
    }
}

#[test]
fn openssls_private_keys_are_taken_in_both_forms() {
    let folder = Folder::new();
    for (make, label) in [
        ("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out private.pem", "BEGIN PRIVATE KEY"),
        ("genrsa -traditional -out private.pem 2048", "BEGIN RSA PRIVATE KEY"),
        ("genrsa -out private.pem 2056", "BEGIN PRIVATE KEY"),
        ("genrsa -out private.pem 4096", "BEGIN PRIVATE KEY"),
    ] {
        folder.openssl(make);
        let pem = folder.read("private.pem");
        assert!(pem.contains(label), "{make}");
        let key = SealingKey::from_pem(&pem).unwrap_or_else(|error| panic!("{make}: {error}"));
        folder.openssl("pkey -in private.pem -pubout -out public.pem");
        assert_eq!(key.public().to_pem(), folder.read("public.pem"), "{make}");
        let text = seal_raw(key.public(), "correct horse").unwrap();
        assert_eq!(opened(&key, &text).as_deref(), Some("correct horse"), "{make}");
    }
}

#[test]
fn a_key_that_we_write_is_the_one_that_openssl_reads() {
    let folder = Folder::new();
    let key = SealingKey::generate(KeySize::Rsa2048).unwrap();
    folder.write("private.der", &key.to_pkcs8_der().unwrap());
    folder.openssl("pkey -inform DER -in private.der -check -pubout -out public.pem");
    assert!(folder.read("public.pem").contains(key.public().to_pem().trim()));
}

#[test]
fn every_other_file_is_refused_with_its_own_reason() {
    let folder = Folder::new();
    folder.openssl("genrsa -out key.pem 2048");
    for (make, refusal) in [
        ("pkey -in key.pem -aes256 -passout pass:secret", ImportError::Encrypted),
        ("rsa -in key.pem -traditional -aes256 -passout pass:secret", ImportError::Encrypted),
        ("pkey -in key.pem -pubout", ImportError::PublicKey),
        ("rsa -in key.pem -RSAPublicKey_out", ImportError::PublicKey),
        ("req -x509 -new -key key.pem -subj /CN=bulla -days 1", ImportError::Certificate),
        ("req -new -key key.pem -subj /CN=bulla", ImportError::Certificate),
        ("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256", ImportError::NotRsa),
        ("ecparam -name prime256v1 -genkey", ImportError::NotRsa),
        ("ecparam -name prime256v1", ImportError::NotRsa),
        ("genpkey -algorithm ED25519", ImportError::NotRsa),
        ("genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048", ImportError::NotRsa),
        ("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024", ImportError::TooSmall(1024)),
        ("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2047", ImportError::TooSmall(2047)),
        ("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:4104", ImportError::TooLarge(4104)),
        ("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_keygen_pubexp:3", ImportError::Exponent),
        (
            "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_keygen_pubexp:4294967297",
            ImportError::Exponent,
        ),
    ] {
        folder.openssl(&format!("{make} -out other.pem"));
        assert_eq!(SealingKey::from_pem(&folder.read("other.pem")).unwrap_err(), refusal, "{make}");
    }
}

fn opened(key: &SealingKey, text: &str) -> Option<String> {
    let addressed = Envelope::parse(text).unwrap().address(std::slice::from_ref(key)).unwrap();
    let expected = Expected { purpose: Purpose::Login, email_matches: &|_| false };
    match addressed.open(&expected, &NonceKey::new([0; 32]), 0) {
        Opened::Fresh(password) => Some(password.to_string()),
        Opened::Stale | Opened::Unopenable => None,
    }
}

/// A folder for the program to work in; gone with the test.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, contents: &[u8]) {
        fs::write(self.path(name), contents).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn openssl(&self, arguments: &str) {
        let output = Command::new("openssl").args(arguments.split_whitespace()).current_dir(self.0.path()).output();
        let output = output.expect("these tests need the openssl program, version 3");
        assert!(output.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
