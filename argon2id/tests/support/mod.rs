//! Random hashes to compare, the same ones each time, so that a difference can be seen again.
#![expect(clippy::unwrap_used, reason = "in a test, a failed unwrap is the message")]

use bulla_argon2::{Backend, Cost, Input, Memory, Scheme, Variant, Version, derive};

/// xorshift64.
pub struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn bytes(&mut self, least: u64, most: u64) -> Vec<u8> {
        let length = least + self.below(most - least + 1);
        (0..length).map(|_| self.next() as u8).collect()
    }

    fn pick<T: Copy>(&mut self, among: &[T]) -> T {
        among[self.below(among.len() as u64) as usize]
    }
}

#[derive(Debug)]
pub struct Case {
    pub scheme: Scheme,
    pub cost: Cost,
    pub password: Vec<u8>,
    pub salt: Vec<u8>,
    pub secret: Vec<u8>,
    pub associated_data: Vec<u8>,
    pub output_bytes: usize,
}

impl Case {
    pub fn random(random: &mut Random, most_memory_kib: u64) -> Self {
        let lanes = random.pick(&[1, 1, 1, 2, 3, 4, 7]);
        let memory_kib = 8 * lanes + random.below(most_memory_kib) as u32;
        Self {
            scheme: Scheme {
                variant: random.pick(&[Variant::Argon2id, Variant::Argon2id, Variant::Argon2i, Variant::Argon2d]),
                version: random.pick(&[Version::V0x13, Version::V0x13, Version::V0x10]),
            },
            cost: Cost::new(memory_kib, 1 + random.below(4) as u32, lanes).unwrap(),
            password: random.bytes(0, 200),
            salt: random.bytes(8, 64),
            secret: random.bytes(0, 32),
            // The `argon2` crate takes no more.
            associated_data: random.bytes(0, 32),
            output_bytes: 4 + random.below(300) as usize,
        }
    }

    fn ours(&self, memory: &mut Memory) -> Vec<u8> {
        let input = Input {
            password: &self.password,
            salt: &self.salt,
            secret: &self.secret,
            associated_data: &self.associated_data,
        };
        let mut output = vec![0; self.output_bytes];
        derive(self.scheme, &input, self.cost, memory, &mut output).unwrap();
        output
    }
}

/// Compares every backend with `theirs`. One memory serves all cases, as on a server: what one hash leaves behind must
/// not matter to the next.
pub fn compare(cases: impl Iterator<Item = Case>, theirs: impl Fn(&Case) -> Vec<u8>) {
    let mut memories: Vec<Memory> = Backend::all().into_iter().map(Memory::with).collect();
    for (number, case) in cases.enumerate() {
        let expected = theirs(&case);
        for memory in &mut memories {
            assert_eq!(case.ours(memory), expected, "case {number}, {}: {case:?}", memory.backend().name());
        }
    }
}

pub fn random_cases(count: usize, most_memory_kib: u64) -> impl Iterator<Item = Case> {
    let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ most_memory_kib);
    (0..count).map(move |_| Case::random(&mut random, most_memory_kib))
}

/// OWASP's equivalents, which servers use.
pub fn common_cases() -> impl Iterator<Item = Case> {
    let costs = [(19_456, 2), (47_104, 1), (12_288, 3), (9216, 4), (7168, 5)];
    costs.into_iter().map(|(m, t)| {
        let case = Case::random(&mut Random(m), 1);
        Case { scheme: Scheme::default(), cost: Cost::new(m as u32, t, 1).unwrap(), ..case }
    })
}
