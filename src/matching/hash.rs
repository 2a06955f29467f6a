//! A hash that is the same on every machine.

/// FNV-1a, 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fnv(u64);

impl Fnv {
    /// Hashes of different kinds of things differ from the start.
    pub fn new(kind: u8) -> Self {
        let mut hash = Self(0xcbf2_9ce4_8422_2325);
        hash.write(&[kind]);
        hash
    }

    /// Takes bytes in.
    pub fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    /// What came out.
    pub fn finish(&self) -> u64 {
        self.0
    }
}
