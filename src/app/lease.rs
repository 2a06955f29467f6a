//! What only one process may do at a time: long polling, a gateway connection.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::App;
use crate::{
    health::Part,
    store::{Down, Engine, Store},
};

/// A holder that is not heard of for so long has lost it.
const SPAN: Duration = Duration::from_secs(15);
/// How often it is renewed, or asked for.
const EVERY: Duration = Duration::from_secs(5);

/// The right to be the one that does something.
///
/// While the store is down nobody can tell whose it is. Who has it goes on, and after a while who
/// waits for it begins, too: rather twice than never. The platforms bear it: Telegram refuses a second
/// poller, and Discord drops a second answer.
pub struct Lease {
    store: Store,
    name: String,
    holder: String,
    /// It was once given up because somebody else did the work: without the store's word it is not
    /// taken again.
    yielded: bool,
}

impl Lease {
    /// The right of a town's channel.
    pub fn new(app: &App, channel: &str) -> Self {
        let shared = app.shared();
        Self {
            store: shared.store.clone(),
            name: format!("{channel}/{}", app.tenant()),
            holder: shared.replica.to_string(),
            yielded: false,
        }
    }

    /// Waits for it; meanwhile the channel stands by.
    pub async fn acquire(&mut self, channel: &Part) {
        let since = Instant::now();
        loop {
            match self.take().await {
                Ok(true) => break,
                Err(Down) if !self.yielded && since.elapsed() >= SPAN => break,
                Ok(false) | Err(Down) => {
                    channel.standby();
                    sleep(EVERY / 5).await;
                }
            }
        }
        self.yielded = false;
    }

    /// Renews it; resolves when somebody else has it.
    pub async fn lost(&mut self) {
        loop {
            sleep(EVERY).await;
            if self.take().await == Ok(false) {
                return;
            }
        }
    }

    /// Gives it up, so that somebody else need not wait.
    pub async fn give_up(&mut self) {
        self.yielded = true;
        // If the store is down, it runs out by itself.
        let _ = self.store.give_up_lease(&self.name, &self.holder).await;
    }

    async fn take(&self) -> Result<bool, Down> {
        if self.store.engine() == Engine::Sqlite {
            // Its file has one process only, which the file's lock sees to.
            return Ok(true);
        }
        self.store.take_lease(&self.name, &self.holder, SPAN).await
    }
}
