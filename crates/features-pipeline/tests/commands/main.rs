//! Tracking, sales records and the two binaries, as a user has them.

mod command;
mod comparison;
mod export;
mod kill;
mod pipeline;
mod sales;
mod tracking;
