//! What the tests may use: a gateway, simulated services, real servers and clients, private databases,
//! and patience.

pub(crate) mod browser;
pub(crate) mod client;
pub(crate) mod eventually;
pub(crate) mod gateway;
pub(crate) mod http;
pub(crate) mod link;
pub(crate) mod listener;
pub(crate) mod mailbox;
pub(crate) mod ports;
pub(crate) mod postgres;
pub(crate) mod process;
pub(crate) mod program;
pub(crate) mod raw;
pub(crate) mod real;
pub(crate) mod receiver;
pub(crate) mod redis;
pub(crate) mod services;
mod tests;
pub(crate) mod vcf;

pub(crate) use self::{client::RunForm, gateway::TestGateway, services::TestService};
