//! The `amtslotse` program: parse the command line, run, exit.

#[tokio::main]
async fn main() -> std::process::ExitCode {
    amtslotse::cli::main().await
}
