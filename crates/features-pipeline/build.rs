//! With the engine inside, the executables have to find the interpreter's library.

fn main() {
    #[cfg(feature = "lex")]
    lex_runtime::build::link_app();
}
