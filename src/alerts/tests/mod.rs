mod configuration;
mod keeping;
mod rules;
