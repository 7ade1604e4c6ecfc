//! Made-up sales records.
