//! The locked archive of one chromosome: imputed genotypes that look like the real ones, but few.

use std::{
    fmt::Write as _,
    io::{Cursor, Write as _},
};

use zip::{
    AesMode, CompressionMethod, ZipWriter, result::ZipResult, unstable::write::FileOptionsExt,
    write::SimpleFileOptions,
};

/// What goes in an archive, and how it is locked.
#[derive(Debug)]
pub(super) struct ArchiveOrder {
    /// The chromosome, without `chr`.
    pub(super) chromosome: String,
    /// Build of the panel, in which the genotypes are.
    pub(super) build: &'static str,
    /// What it is locked with.
    pub(super) password: String,
    /// AES-256, where asked for; else the old `ZipCrypto`.
    pub(super) aes: bool,
    /// Whether the file for meta-imputation goes in too.
    pub(super) meta: bool,
    /// Number of records.
    pub(super) variants: u32,
}

impl ArchiveOrder {
    /// Makes the archive.
    pub(super) fn pack(&self) -> ZipResult<Vec<u8>> {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        let plain = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        for (name, text) in self.entries() {
            let options = if self.aes {
                plain.with_aes_encryption(AesMode::Aes256, &self.password)
            } else {
                plain.with_deprecated_encryption(self.password.as_bytes())?
            };
            archive.start_file(name, options)?;
            archive.write_all(&bgzip(text.as_bytes()))?;
        }
        Ok(archive.finish()?.into_inner())
    }

    /// The size of the archive, told without making it: locking it takes long.
    pub(super) fn size(&self) -> u64 {
        // Salt, check and code, and an extra field in both headers; or a check and a trailer.
        let lock = if self.aes { 28 + 2 * 11 } else { 12 + 16 };
        let end_of_directory = 22;
        let entries = self.entries();
        let sizes = entries.iter().map(|(name, text)| {
            let headers = 30 + 46 + 2 * name.len();
            (headers + lock + bgzipped_size(text.len())) as u64
        });
        sizes.sum::<u64>() + end_of_directory
    }

    fn entries(&self) -> Vec<(String, String)> {
        let chromosome = &self.chromosome;
        let mut entries = vec![
            (format!("chr{chromosome}.dose.vcf.gz"), self.dose("GT:DS", "0|1:0.998")),
            (format!("chr{chromosome}.info.gz"), self.info()),
        ];
        if self.meta {
            let name = format!("chr{chromosome}.empiricalDose.vcf.gz");
            entries.push((name, self.dose("GT:LDS", "0|1:0.001|0.998")));
        }
        entries
    }

    fn dose(&self, format: &str, call: &str) -> String {
        let contig = self.contig();
        let mut text = format!(
            "##fileformat=VCFv4.2\n##source=Minimac v4.1.6\n##contig=<ID={contig}>\n\
             #CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tSAMPLE1\tSAMPLE2\tSAMPLE3\n"
        );
        for (position, alleles, info) in self.records() {
            let (reference, alternative) = alleles;
            writeln!(
                text,
                "{contig}\t{position}\t{contig}:{position}:{reference}:{alternative}\t{reference}\t\
                 {alternative}\t.\tPASS\t{info}\t{format}\t{call}\t{call}\t{call}"
            )
            .expect("writing to text cannot fail");
        }
        text
    }

    fn info(&self) -> String {
        let contig = self.contig();
        let mut text =
            "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n".to_owned();
        for (position, (reference, alternative), info) in self.records() {
            writeln!(
                text,
                "{contig}\t{position}\t{contig}:{position}:{reference}:{alternative}\t{reference}\t\
                 {alternative}\t.\tPASS\t{info}"
            )
            .expect("writing to text cannot fail");
        }
        text
    }

    fn records(&self) -> impl Iterator<Item = (u32, (char, char), String)> {
        (0..self.variants).map(|index| {
            let alleles = [('A', 'G'), ('C', 'T'), ('G', 'A'), ('T', 'C')][index as usize % 4];
            let frequency = f64::from(index % 97 + 1) / 200.0;
            let kind = if index % 5 == 0 { "TYPED" } else { "IMPUTED" };
            let info =
                format!("AF={frequency:.5};MAF={frequency:.5};R2=0.9{:03};{kind}", index % 1000);
            (61_000 + index * 37, alleles, info)
        })
    }

    fn contig(&self) -> String {
        match self.build {
            "hg38" => format!("chr{}", self.chromosome),
            _ => self.chromosome.clone(),
        }
    }
}

/// Bytes of a block before compression. Stored bytes need headers in 16 bits.
const BLOCK: usize = 65_000;

/// What ends every BGZF file: an empty block (SAM specification, section 4.1.2).
const END: [u8; 28] = [
    0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 6, 0, b'B', b'C', 2, 0, 27, 0, 3, 0, 0, 0, 0, 0, 0, 0,
    0, 0,
];

/// Header, header of the stored bytes, and trailer of a block.
const FRAME: usize = 18 + 5 + 8;

/// Writes BGZF without compression: what the real files are, to every reader of them.
fn bgzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bgzipped_size(bytes.len()));
    for block in bytes.chunks(BLOCK) {
        let length = u16::try_from(block.len()).expect("blocks are small");
        let whole = u16::try_from(block.len() + FRAME - 1).expect("blocks are small");
        out.extend_from_slice(&END[..16]);
        out.extend_from_slice(&whole.to_le_bytes());
        out.push(1);
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&(!length).to_le_bytes());
        out.extend_from_slice(block);
        out.extend_from_slice(&crc32(block).to_le_bytes());
        out.extend_from_slice(&u32::from(length).to_le_bytes());
    }
    out.extend_from_slice(&END);
    out
}

fn bgzipped_size(bytes: usize) -> usize {
    bytes + bytes.div_ceil(BLOCK) * FRAME + END.len()
}

fn crc32(bytes: &[u8]) -> u32 {
    let sum = bytes
        .iter()
        .fold(!0_u32, |sum, byte| CRC[usize::from(sum.to_le_bytes()[0] ^ byte)] ^ (sum >> 8));
    !sum
}

const CRC: [u32; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut value = index as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 { (value >> 1) ^ 0xedb8_8320 } else { value >> 1 };
            bit += 1;
        }
        table[index] = value;
        index += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn order(aes: bool, meta: bool) -> ArchiveOrder {
        ArchiveOrder {
            chromosome: "20".to_owned(),
            build: "hg38",
            password: "GwSecret".to_owned(),
            aes,
            meta,
            variants: 1500,
        }
    }

    #[test]
    fn only_the_password_opens_an_archive() {
        for aes in [false, true] {
            let packed = order(aes, true).pack().unwrap();
            let mut archive = zip::ZipArchive::new(Cursor::new(packed)).unwrap();

            assert_eq!(archive.len(), 3);
            assert!(archive.by_index(0).is_err());
            let mut entry = archive.by_name_decrypt("chr20.dose.vcf.gz", b"GwSecret").unwrap();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            assert_eq!(bytes, bgzip(order(aes, true).dose("GT:DS", "0|1:0.998").as_bytes()));
        }
    }

    #[test]
    fn the_told_size_is_the_size() {
        for (aes, meta) in [(false, false), (false, true), (true, true)] {
            let order = order(aes, meta);
            assert_eq!(order.size(), order.pack().unwrap().len() as u64);
        }
    }

    #[test]
    fn the_checksum_is_the_one_of_gzip() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }
}
