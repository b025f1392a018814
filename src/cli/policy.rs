//! `policy`: checks and tests policies before they are in force, and explains what they would say.

use std::{fs, path::PathBuf, sync::Arc};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};

use super::serve;
use crate::{
    config::Config,
    domain::{Clock, SystemClock},
    federation::read_policies,
    policy::{Explained, Law, Report, RuleSet, SCHEMA, Scenario},
    registry::Registry,
};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Checks policies, and tells everything that is wrong with them.
    Check(Where),
    /// Checks policies and runs the tests that come with them.
    Test(Where),
    /// Tells what would become of a run, at every service of the configuration and by which rule.
    Explain {
        #[command(flatten)]
        place: Where,
        /// The run, in TOML: `origin`, `dataset_record`, `purpose`, `caller` and so on.
        #[arg(long)]
        run: PathBuf,
    },
    /// Prints the schema: everything that policies can ask about.
    Schema,
}

/// Where the policies are, and what they stand on.
#[derive(Debug, Args)]
pub(super) struct Where {
    /// The configuration file; without it, the defaults and the environment.
    #[arg(long, short)]
    config: Option<PathBuf>,
    /// Folder with the policies; without it, `policy.dir` of the configuration.
    #[arg(long)]
    dir: Option<PathBuf>,
}

pub(super) fn run(command: &Command) -> Result<()> {
    let now = SystemClock.now();
    match command {
        Command::Check(place) => {
            let (_, law) = place.open()?;
            let policies = law.rules().map_or(0, |rules| rules.len());
            println!("no problems, policies: {policies}");
            Ok(())
        }
        Command::Test(place) => {
            let (_, law) = place.open()?;
            let policies = law.rules().map_or(0, |rules| rules.len());
            tell(policies, &law.test(now))
        }
        Command::Explain { place, run } => {
            let (config, law) = place.open()?;
            let text = fs::read_to_string(run).with_context(|| run.display().to_string())?;
            let scenario: Scenario =
                toml::from_str(&text).with_context(|| run.display().to_string())?;
            let question = scenario.read(&law.floor().blocs).map_err(anyhow::Error::msg)?;
            let services = config.services.iter().map(|one| one.document.to_service());
            let services = services.collect::<Result<Vec<_>, _>>();
            let services = services.map_err(|flaw| anyhow::anyhow!("{}", flaw.why))?;
            let fleet = Registry::of(services).snapshot();
            explain(&law.explain(&question.ask(now), &fleet));
            Ok(())
        }
        Command::Schema => {
            print!("{SCHEMA}");
            Ok(())
        }
    }
}

impl Where {
    /// The law as a gateway would have it in force.
    fn open(&self) -> Result<(Config, Law)> {
        let config = serve::load(self.config.as_deref())?;
        let floor = config.policy.floor();
        let floor = floor.map_err(|(key, why)| anyhow::anyhow!("policy.{key}: {why}"))?;
        let rules = match self.dir.as_ref().or(config.policy.dir.as_ref()) {
            None => None,
            Some(dir) => match RuleSet::compile(&read_policies(dir)?) {
                Ok(rules) => Some(Arc::new(rules)),
                Err(flaws) => {
                    let lines: Vec<_> = flaws.iter().map(ToString::to_string).collect();
                    bail!("the policies cannot be used\n{}", lines.join("\n"));
                }
            },
        };
        let epoch = u64::from(rules.is_some());
        Ok((config, Law::new(Arc::new(floor), rules, epoch)))
    }
}

fn tell(policies: usize, report: &Report) -> Result<()> {
    for failure in &report.failures {
        eprintln!("{}: test `{}`: {}", failure.file, failure.test, failure.why);
    }
    for policy in &report.untested {
        eprintln!("no test is decided by `{policy}`");
    }
    println!(
        "policies: {policies}, tests that hold: {}, that do not: {}",
        report.passed,
        report.failures.len()
    );
    if report.failures.is_empty() { Ok(()) } else { bail!("tests of the policies do not hold") }
}

fn explain(explained: &Explained) {
    println!("{}", explained.rule);
    for ruling in &explained.services {
        let word = if ruling.allowed { "allowed" } else { "refused" };
        let service = ruling.service.as_str();
        println!("{service:<24} {word}  {:<20} {}", ruling.rule, ruling.words);
    }
}
