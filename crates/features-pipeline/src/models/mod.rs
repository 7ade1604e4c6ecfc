//! Linear models behind one trait.
