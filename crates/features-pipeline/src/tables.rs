//! CSV, Parquet and Arrow files, in and out.
