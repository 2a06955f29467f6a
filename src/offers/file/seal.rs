//! Checksums over a finished database, so that damage is noticed and never read as data.
//!
//! redb trusts a database that was closed in order. A block that changed afterwards (a bad disk,
//! half a copy) can make it panic or, worse, tell another fee. A file of offers is written once and
//! never changed, so one checksum for each block is enough. They stand behind the database:
//!
//! ```text
//! database | u64 checksum of each block of 4 KiB | u64 length of the database
//!          | u64 checksum of the two before | u32 format | 16 bytes magic
//! ```
//!
//! Numbers are little-endian. Format and magic are the last twenty bytes in every format to come,
//! so that a file of another format is told apart from one that is cut short or something else.
//! Checksums are compared when a block is read, so that opening stays quick. They guard against
//! accidents, not against forgery.

use std::{
    fs::{self, File},
    io::{self, BufReader, Read, Seek, SeekFrom, Write},
    path::Path,
    sync::Arc,
};

use redb::{StorageBackend, backends::FileBackend};

use super::{FORMAT, read::Fault};

/// The page of redb, which reads whole pages.
const BLOCK: u64 = 4096;
const MAGIC: [u8; 16] = *b"amtslotse-offers";
/// Length, checksum, format and magic.
const TAIL: u64 = 8 + 8 + 4 + 16;

/// Puts the checksums behind a database that was closed in order, and all of it on the disk. Gives
/// the length of the file.
pub(super) fn seal(mut file: &File) -> io::Result<u64> {
    file.seek(SeekFrom::Start(0))?;
    let mut database = BufReader::with_capacity(1 << 20, file);
    let (mut length, mut end, mut block) = (0, Vec::new(), Vec::new());
    while database.by_ref().take(BLOCK).read_to_end(&mut block)? > 0 {
        length += block.len() as u64;
        end.extend(Checksum::of(&block).to_le_bytes());
        block.clear();
    }
    end.extend(length.to_le_bytes());
    end.extend(Checksum::of(&end).to_le_bytes());
    end.extend(FORMAT.to_le_bytes());
    end.extend(MAGIC);
    file.seek(SeekFrom::Start(length))?;
    file.write_all(&end)?;
    file.sync_all()?;
    Ok(length + end.len() as u64)
}

/// A sealed database, for reading. Nothing is locked, since nobody writes to it. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Sealed {
    file: Arc<FileBackend>,
    length: u64,
    checksums: Arc<[u64]>,
}

impl Sealed {
    /// Reads the end of the file only.
    pub(super) fn open(path: &Path) -> Result<Self, Fault> {
        // Before it is opened: opening a pipe waits for whoever writes into it.
        if !fs::metadata(path)?.is_file() {
            return Err(Fault::NotAFile);
        }
        let mut file = File::open(path)?;
        let tail_at = file.metadata()?.len().checked_sub(TAIL).ok_or(Fault::Foreign)?;
        file.seek(SeekFrom::Start(tail_at))?;
        let length = u64::from_le_bytes(take(&mut file)?);
        let checksum = u64::from_le_bytes(take(&mut file)?);
        let format = u32::from_le_bytes(take(&mut file)?);
        if take(&mut file)? != MAGIC {
            return Err(Fault::Foreign);
        }
        match format {
            FORMAT => {}
            ..FORMAT => return Err(Fault::Older(format)),
            _ => return Err(Fault::Newer(format)),
        }
        let blocks = length.div_ceil(BLOCK);
        if blocks.checked_mul(8).and_then(|sums| sums.checked_add(length)) != Some(tail_at) {
            return Err(Fault::Damaged("die Länge stimmt nicht".to_owned()));
        }
        file.seek(SeekFrom::Start(length))?;
        let mut end = Vec::new();
        Read::by_ref(&mut file).take(8 * blocks + 8).read_to_end(&mut end)?;
        if Checksum::of(&end) != checksum {
            return Err(Fault::Damaged("die Prüfsummen stimmen nicht".to_owned()));
        }
        let (words, _) = end.as_chunks();
        let checksums = words.iter().take(blocks as usize).map(|word| u64::from_le_bytes(*word));
        let file = FileBackend::new(file).map_err(redb::Error::from)?;
        Ok(Self { file: Arc::new(file), length, checksums: checksums.collect() })
    }

    /// Whether these whole blocks, from the one at `offset` on, are as they were written.
    fn check(&self, offset: u64, blocks: &[u8]) -> io::Result<()> {
        let first = (offset / BLOCK) as usize;
        let sums = self.checksums.iter().skip(first);
        match blocks.chunks(BLOCK as usize).zip(sums).position(|(b, sum)| Checksum::of(b) != *sum) {
            None => Ok(()),
            Some(at) => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("die Prüfsumme von Block {} stimmt nicht", first + at),
            )),
        }
    }
}

/// The next bytes of a file.
fn take<const N: usize>(file: &mut File) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

impl StorageBackend for Sealed {
    fn len(&self) -> io::Result<u64> {
        Ok(self.length)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let end = offset.checked_add(out.len() as u64).filter(|end| *end <= self.length);
        let end = end.ok_or(io::ErrorKind::UnexpectedEof)?;
        let first = offset / BLOCK * BLOCK;
        let last = end.next_multiple_of(BLOCK).min(self.length);
        if (first, last) == (offset, end) {
            self.file.read(offset, out)?;
            return self.check(offset, out);
        }
        // The header of the database is less than a block.
        let mut blocks = vec![0; (last - first) as usize];
        self.read(first, &mut blocks)?;
        out.copy_from_slice(&blocks[(offset - first) as usize..][..out.len()]);
        Ok(())
    }

    fn write(&self, _: u64, _: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn set_len(&self, _: u64) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }
}

/// A checksum that is the same on every machine and in every version: FNV-1a over words of eight
/// bytes instead of bytes, folded after each since a product carries nothing downwards. A change
/// within one word always shows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Checksum(u64);

impl Checksum {
    pub(super) fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// The checksum of just these bytes.
    pub(super) fn of(bytes: &[u8]) -> u64 {
        let mut checksum = Self::new();
        checksum.write(bytes);
        checksum.finish()
    }

    /// Takes bytes in, and how many there are.
    pub(super) fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks();
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        for word in words.iter().chain([&last, &(bytes.len() as u64).to_le_bytes()]) {
            self.0 = (self.0 ^ u64::from_le_bytes(*word)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            self.0 ^= self.0 >> 32;
        }
    }

    pub(super) fn finish(self) -> u64 {
        self.0
    }
}
