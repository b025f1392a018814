//! `check`: tells every problem of a configuration, and changes nothing.

use std::path::Path;

use anyhow::{Result, bail};

use super::serve;
use crate::app;

pub(super) fn run(file: &Path) -> Result<()> {
    let config = serve::load(Some(file))?;
    let problems = app::check(&config);
    if !problems.is_empty() {
        let name = file.display();
        let lines: Vec<_> = problems.iter().map(|problem| format!("{name}: {problem}")).collect();
        bail!("the configuration cannot be used\n{}", lines.join("\n"));
    }
    println!("{}: no problems, services: {}", file.display(), config.services.len());
    Ok(())
}
