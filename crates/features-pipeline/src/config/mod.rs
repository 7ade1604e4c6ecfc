//! The YAML files, and what they say.
