//! scrypt (RFC 7914) in the PHC form `$scrypt$ln=17,r=8,p=1$salt$hash`; `ln` is the binary logarithm of N.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use scrypt::Params;
use zeroize::Zeroizing;

use super::UnusableHash;
use super::fields;

pub(super) struct ScryptHash {
    params: Params,
    salt: Vec<u8>,
    expected: Vec<u8>,
}

/// As Argon2's ceiling.
const MOST_MEMORY_BYTES: u64 = 256 * 1024 * 1024;
/// N·r·p: about three seconds.
const MOST_WORK: u64 = 1 << 24;
const DAMAGED: UnusableHash = UnusableHash::Damaged("scrypt");

impl ScryptHash {
    pub(super) fn parse(text: &str) -> Result<Self, UnusableHash> {
        let mut fields = text.split('$').skip(2);
        let mut next = || fields.next().ok_or(DAMAGED);
        let (parameters, salt, hash) = (next()?, next()?, next()?);
        let number = |name| fields::number(parameters, name).filter(|value| *value > 0).ok_or(DAMAGED);
        let (log_n, r, p) = (number("ln")?, number("r")?, number("p")?);
        let (salt, expected) = (fields::salt(salt).ok_or(DAMAGED)?, fields::hash(hash).ok_or(DAMAGED)?);
        if fields.next().is_some() {
            return Err(DAMAGED);
        }
        if !is_affordable(log_n, r.into(), p.into()) {
            return Err(UnusableHash::TooCostly("for scrypt, at most 256 MiB of memory and N·r·p of 2^24"));
        }
        let log_n = u8::try_from(log_n).map_err(|_| DAMAGED)?;
        Ok(Self { params: Params::new(log_n, r, p).map_err(|_| DAMAGED)?, salt, expected })
    }

    pub(super) fn matches(&self, password: &[u8]) -> bool {
        let mut output = Zeroizing::new(vec![0; self.expected.len()]);
        let made = scrypt::scrypt(password, &self.salt, &self.params, &mut output);
        made.is_ok() && verify_slices_are_equal(&output, &self.expected).is_ok()
    }
}

/// A large r or p costs memory by itself, whatever N is (RFC 7914 §6: N blocks of 128·r bytes, and p more of them).
fn is_affordable(log_n: u32, r: u64, p: u64) -> bool {
    let n = if log_n < 32 { 1u64 << log_n } else { u64::MAX };
    let bytes = |blocks: u64| blocks.saturating_mul(r).saturating_mul(128);
    let work = n.saturating_mul(r).saturating_mul(p);
    bytes(n) <= MOST_MEMORY_BYTES && bytes(p) <= MOST_MEMORY_BYTES && work <= MOST_WORK
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(text: &str, password: &str) -> Result<bool, UnusableHash> {
        Ok(ScryptHash::parse(text)?.matches(password.as_bytes()))
    }

    #[test]
    fn the_vectors_of_the_rfc_match() {
        // RFC 7914 §12; its first vector has an empty salt, which nobody's password has.
        for (password, text) in [
            (
                "password",
                "$scrypt$ln=10,r=8,p=16$TmFDbA$/bq+HJ00cgB4VucZDQHp/nxq18vII3gw53N2Y0s3MWIurzDZLiKjiG/xCSedmDDaxyevuUqD7m2DYMvfoswGQA",
            ),
            (
                "pleaseletmein",
                "$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw",
            ),
        ] {
            assert_eq!(matches(text, password), Ok(true), "{text}");
            assert_eq!(matches(text, "Password"), Ok(false), "{text}");
        }
    }

    #[test]
    fn a_hostile_cost_is_refused_before_it_is_paid() {
        for parameters in [
            "ln=18,r=9,p=1",
            "ln=19,r=8,p=1",
            "ln=40,r=8,p=1",
            "ln=64,r=8,p=1",
            "ln=4294967295,r=1,p=1",
            "ln=18,r=8,p=9",
            "ln=1,r=4194304,p=1",
            "ln=1,r=1,p=4194304",
            "ln=1,r=4294967295,p=4294967295",
        ] {
            let verdict = matches(&format!("$scrypt${parameters}$c2FsdA$EgDGi/IGmRbuAZ4RjLZPPg"), "x");
            assert!(matches!(verdict, Err(UnusableHash::TooCostly(_))), "{parameters}: {verdict:?}");
        }
        for parameters in ["ln=17,r=8,p=1", "ln=18,r=8,p=1", "ln=14,r=8,p=5"] {
            assert!(ScryptHash::parse(&format!("$scrypt${parameters}$c2FsdA$EgDGi/IGmRbuAZ4RjLZPPg")).is_ok());
        }
    }

    #[test]
    fn a_damaged_hash_is_refused() {
        for text in [
            "$scrypt$",
            "$scrypt$ln=14,r=8,p=1$c2FsdA",
            "$scrypt$ln=14,r=8$c2FsdA$EgDGi/IGmRbuAZ4RjLZPPg",
            "$scrypt$ln=0,r=8,p=1$c2FsdA$EgDGi/IGmRbuAZ4RjLZPPg",
            "$scrypt$ln=14,r=0,p=1$c2FsdA$EgDGi/IGmRbuAZ4RjLZPPg",
            "$scrypt$ln=14,r=8,p=0$c2FsdA$EgDGi/IGmRbuAZ4RjLZPPg",
            "$scrypt$ln=x,r=8,p=1$c2FsdA$EgDGi/IGmRbuAZ4RjLZPPg",
            "$scrypt$ln=14,r=8,p=1$$EgDGi/IGmRbuAZ4RjLZPPg",
            "$scrypt$ln=14,r=8,p=1$c2FsdA$",
            "$scrypt$ln=14,r=8,p=1$c2FsdA$EgDGi/IGmRbuAZ4R",
            "$scrypt$ln=14,r=8,p=1$c2FsdA$EgDGi/IGmRbuAZ4RjLZPPg$x",
        ] {
            assert_eq!(matches(text, "x"), Err(DAMAGED), "{text}");
        }
    }
}
