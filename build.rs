//! Has the program linked for a fixed address on Linux.
//!
//! Built to run at any address, it has 150,000 pointers that the loader puts right before `main`: their table and the pages they stand in
//! are 6 MiB that have to be read and stay resident, most of them for parts of the AWS SDK that a run never comes to. Fixed, they come
//! with the file, and only what is used is ever read. Libraries, stack and heap stay at addresses that nobody can foresee.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let target = |name: &str| std::env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    // Musl's programs are linked by other start files, and Apple's linker has no such option.
    if target("OS") == "linux" && target("ENV") == "gnu" {
        println!("cargo:rustc-link-arg-bin=greenroom=-no-pie");
    }
}
