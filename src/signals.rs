//! What the operating system asks of the process.

/// Resolves when the process is asked to stop (SIGTERM, SIGINT).
///
/// # Errors
/// If the signals cannot be listened to.
pub async fn stop() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await?;
    Ok(())
}

/// SIGHUP, by which an operator has everything loaded anew. From the moment it exists SIGHUP ends
/// nothing.
pub struct Hangups {
    #[cfg(unix)]
    signal: Option<tokio::signal::unix::Signal>,
}

impl Hangups {
    /// Begins to listen.
    pub fn listen() -> Self {
        #[cfg(unix)]
        {
            let kind = tokio::signal::unix::SignalKind::hangup();
            Self { signal: tokio::signal::unix::signal(kind).ok() }
        }
        #[cfg(not(unix))]
        Self {}
    }

    /// Resolves with the next one.
    pub async fn next(&mut self) {
        #[cfg(unix)]
        if let Some(signal) = &mut self.signal
            && signal.recv().await.is_some()
        {
            return;
        }
        std::future::pending().await
    }
}
