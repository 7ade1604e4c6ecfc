fn main() {
    lex_runtime::build::link_app();
}
