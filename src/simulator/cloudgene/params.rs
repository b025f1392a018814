//! How Cloudgene reads the fields of a submission. It checks names and nothing else.

use std::collections::BTreeMap;

use super::apps::{App, ParamKind};

/// The parts of a form, as they came.
#[derive(Debug, Default)]
pub(super) struct Received {
    /// Text fields in order.
    pub(super) texts: Vec<(String, String)>,
    /// File parts in order.
    pub(super) files: Vec<ReceivedFile>,
}

/// A file part. Its bytes were counted and dropped.
#[derive(Debug)]
pub(super) struct ReceivedFile {
    /// Name of the form field.
    pub(super) field: String,
    /// Name of the file.
    pub(super) name: String,
    /// Its size.
    pub(super) bytes: u64,
}

/// The parameters of a job.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Parameters {
    /// The name that the job was given.
    pub(super) job_name: Option<String>,
    /// Values of all inputs, sent or not.
    pub(super) values: BTreeMap<String, String>,
    /// Names of the values that were sent.
    pub(super) sent: Vec<String>,
    /// Name and size of each file.
    pub(super) files: Vec<(String, u64)>,
}

impl Parameters {
    /// Reads a form. The error is what a 400 says.
    pub(super) fn read(app: &App, generation: u8, received: Received) -> Result<Self, String> {
        let mut read = Self::default();
        for (field, value) in received.texts {
            let field = field.strip_prefix("input-").unwrap_or(&field);
            if field == "job-name" {
                read.job_name.get_or_insert_with(|| escape_html(&value));
                continue;
            }
            let param = app.param(field).ok_or_else(|| not_found(field))?;
            let value = match param.kind {
                ParamKind::Terms => continue,
                ParamKind::Checkbox(on, _) => on.to_owned(),
                ParamKind::Folder if generation == 2 => {
                    return Err("URL-based uploads are no longer supported. \
                                Please use direct file uploads instead."
                        .to_owned());
                }
                ParamKind::Panels(_)
                | ParamKind::Populations
                | ParamKind::Choice(_)
                | ParamKind::Folder
                | ParamKind::Hidden => escape_html(&value),
            };
            if !read.values.contains_key(field) {
                read.values.insert(field.to_owned(), value);
                read.sent.push(field.to_owned());
            }
        }
        for file in received.files {
            read.add_file(app, generation, file)?;
        }
        for param in app.params {
            let default = match param.kind {
                ParamKind::Terms => continue,
                ParamKind::Checkbox(_, off) => off,
                ParamKind::Panels(_)
                | ParamKind::Populations
                | ParamKind::Choice(_)
                | ParamKind::Folder
                | ParamKind::Hidden => param.default,
            };
            read.values.entry(param.id.to_owned()).or_insert_with(|| default.to_owned());
        }
        Ok(read)
    }

    /// The value of an input; empty where the app has no such input.
    pub(super) fn value(&self, id: &str) -> &str {
        self.values.get(id).map_or("", String::as_str)
    }

    /// Whether a checkbox is on.
    pub(super) fn is_on(&self, id: &str) -> bool {
        matches!(self.value(id), "true" | "yes")
    }

    /// A file is stored under its own name, over one of the same name.
    fn add_file(&mut self, app: &App, generation: u8, file: ReceivedFile) -> Result<(), String> {
        let mut field = file.field.strip_prefix("input-").unwrap_or(&file.field);
        if generation == 2 {
            field = field.strip_suffix("-upload").unwrap_or(field);
        }
        app.param(field).ok_or_else(|| not_found(field))?;
        match self.files.iter_mut().find(|(name, _)| *name == file.name) {
            Some((_, bytes)) => *bytes = file.bytes,
            None => self.files.push((file.name, file.bytes)),
        }
        Ok(())
    }
}

/// Escapes text as Cloudgene escapes all it is sent.
pub(super) fn escape_html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c if c.is_ascii() => escaped.push(c),
            c => escaped.push_str(&format!("&#{};", u32::from(c))),
        }
    }
    escaped
}

fn not_found(field: &str) -> String {
    format!("Parameter '{field}' not found")
}

#[cfg(test)]
mod tests {
    use super::{super::apps, *};

    fn read(generation: u8, app: &str, texts: &[(&str, &str)]) -> Result<Parameters, String> {
        let texts = texts.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let app = apps::find(generation, app).unwrap();
        Parameters::read(app, generation, Received { texts, files: Vec::new() })
    }

    #[test]
    fn fields_are_read_by_the_rules_of_the_server() {
        for (texts, field, expected) in [
            (&[("build", "hg38")][..], "build", "hg38"),
            (&[("input-build", "hg38")], "build", "hg38"),
            (&[("build", "hg38"), ("build", "hg19")], "build", "hg38"),
            (&[], "build", "hg19"),
            (&[], "population", ""),
            (&[("aesEncryption", "false")], "aesEncryption", "true"),
            (&[], "aesEncryption", "false"),
            (&[("r2Filter", "0.8")], "r2Filter", "0.8"),
            (&[("mode", "no such mode")], "mode", "no such mode"),
            (&[("password", "a&b<\"é")], "password", "a&amp;b&lt;&quot;&#233;"),
            (&[("files", "https://example.org/a.vcf.gz")], "files", "https://example.org/a.vcf.gz"),
        ] {
            let parameters = read(3, "imputationserver2", texts).unwrap();
            assert_eq!(parameters.value(field), expected, "{texts:?}");
        }
    }

    #[test]
    fn unknown_fields_are_refused_by_name() {
        for (generation, app, field, refused) in [
            (3, "imputationserver2", "files-source", true),
            (3, "imputationserver2", "files-pattern", true),
            (3, "imputationserver2", "check2", false),
            (3, "imputationserver2-hla", "mode", true),
            (3, "imputationserver2-hla", "population", true),
            (3, "imputationserver2-hla", "password", false),
            (2, "imputationserver", "files", true),
            (2, "imputationserver", "mode", false),
        ] {
            assert_eq!(read(generation, app, &[(field, "x")]).is_err(), refused, "{app} {field}");
        }
        let refused = read(3, "imputationserver2", &[("nonsense", "1")]);
        assert_eq!(refused.unwrap_err(), "Parameter 'nonsense' not found");
    }

    #[test]
    fn a_file_of_the_same_name_overwrites_the_first() {
        let file =
            |bytes| ReceivedFile { field: "files".into(), name: "chr1.vcf.gz".into(), bytes };
        let received = Received { texts: Vec::new(), files: vec![file(1), file(2)] };
        let app = apps::find(3, "imputationserver2").unwrap();

        let parameters = Parameters::read(app, 3, received).unwrap();

        assert_eq!(parameters.files, [("chr1.vcf.gz".to_owned(), 2)]);
    }
}
