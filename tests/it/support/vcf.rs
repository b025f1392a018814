//! Genotypes the way imputation servers want them: one bgzipped VCF file per chromosome.

use std::fmt::Write as _;

const SAMPLES: [&str; 3] = ["NA12878", "HG00096", "NA19240"];

/// Bytes of a block before compression; BGZF allows 64 KiB with all headers (SAM specification, 4.1).
const BLOCK: usize = 60_000;

/// What every BGZF block begins with: a gzip header with the extra field `BC`.
const HEAD: [u8; 16] = [0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 6, 0, b'B', b'C', 2, 0];

/// The empty block that ends every BGZF file; readers take a file without it for cut off.
const END: [u8; 12] = [27, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// A chromosome in build hg38, as a `.vcf.gz` file.
pub(crate) fn chromosome(number: u8, records: u32) -> Vec<u8> {
    bgzip(vcf(number, records).as_bytes())
}

fn vcf(number: u8, records: u32) -> String {
    let contig = format!("chr{number}");
    let mut text = format!(
        "##fileformat=VCFv4.2\n##FILTER=<ID=PASS,Description=\"All filters passed\">\n\
         ##contig=<ID={contig}>\n\
         ##FORMAT=<ID=GT,Number=1,Type=String,Description=\"Genotype\">\n\
         #CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{}\n",
        SAMPLES.join("\t")
    );
    for record in 0..records {
        let calls = ["0|0", "0|1", "1|1"];
        let call = |sample: u32| calls[((record + sample) % 3) as usize];
        let position = 60_000 + record * 211;
        writeln!(
            text,
            "{contig}\t{position}\t.\tA\tG\t.\tPASS\t.\tGT\t{}\t{}\t{}",
            call(0),
            call(1),
            call(2)
        )
        .expect("writing to text cannot fail");
    }
    text
}

/// BGZF of stored blocks: larger than `bgzip` makes it, and the same to every reader.
fn bgzip(text: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    for block in text.chunks(BLOCK) {
        let length = u16::try_from(block.len()).expect("blocks are small");
        let last_byte = length + 30;
        file.extend(HEAD);
        file.extend(last_byte.to_le_bytes());
        file.push(1);
        file.extend(length.to_le_bytes());
        file.extend((!length).to_le_bytes());
        file.extend(block);
        file.extend(crc32(block).to_le_bytes());
        file.extend(u32::from(length).to_le_bytes());
    }
    file.extend(HEAD);
    file.extend(END);
    file
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |sum: u32| if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 };
    let byte = |sum, byte: &u8| (0..8).fold(sum ^ u32::from(*byte), |sum, _| step(sum));
    !bytes.iter().fold(!0, byte)
}
