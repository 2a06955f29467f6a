//! What systemd is told (`Type=notify`, `WatchdogSec=`). Everything here does nothing where the
//! program was not started by systemd, that is without `NOTIFY_SOCKET`.

use sd_notify::NotifyState;

/// The service is up: its configuration was read and its channels start. Also ends a reload.
pub fn ready() {
    tell(&[NotifyState::Ready]);
}

/// A reload has begun; [`ready`] says when it is over.
pub fn reloading() {
    match NotifyState::monotonic_usec_now() {
        // systemd takes the time to tell this reload from an earlier one.
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(error) => tracing::warn!(%error, "systemd could not be told of the reload"),
    }
}

/// The service is ending.
pub fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// A line for `systemctl status`. It stands in the journal: no personal data.
pub fn status(text: &str) {
    // A second line would be read as another message.
    tell(&[NotifyState::Status(text.lines().next().unwrap_or_default())]);
}

/// Keeps systemd's watchdog quiet while `alive` says yes, checked twice in `WATCHDOG_USEC`. Once it
/// says no for that long, systemd ends the process and starts it anew. Runs until it is dropped;
/// without a watchdog it waits for ever.
pub async fn watchdog(alive: impl Fn() -> bool) {
    let Some(limit) = sd_notify::watchdog_enabled().filter(|limit| !limit.is_zero()) else {
        return std::future::pending().await;
    };
    let mut ticks = tokio::time::interval(limit / 2);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if alive() {
            tell(&[NotifyState::Watchdog]);
        } else {
            tracing::error!("no sign of life; the watchdog of systemd is not told otherwise");
        }
    }
}

fn tell(what: &[NotifyState]) {
    if let Err(error) = sd_notify::notify(what) {
        tracing::warn!(%error, "systemd could not be told");
    }
}

#[cfg(test)]
mod tests;
