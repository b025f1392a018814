//! Limits: who is told to come back, who is not, and what is told about it.

mod addresses;
mod callers;
mod fairness;
mod operators;
mod shared;
