//! The order of features; what they learn; how they are applied.
