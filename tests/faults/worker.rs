//! Receivers that are processes of their own: this test binary, started once more.
//!
//! The parent writes one command a line, `send <id>`, `burst <count> <id>`, `go`; the worker answers with lines that
//! begin with `fault:`. What a handler does it writes into a file, each line in one write, so that a kill takes none away.

use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tower_webhook::idempotency::RedisStore;
use tower_webhook::testing::{Answer, Endpoint};
use tower_webhook::{Delivery, IdempotencyLayer, Outcome};

use super::{Receiver, delivery, service, standard_webhooks, status};

/// Where a worker stops until it is told to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hold {
    /// With the claim, before the handler.
    Claimed,
    /// In the handler, before its effect.
    Handler,
    /// In the handler, after its effect.
    Effect,
    Nowhere,
}

impl Hold {
    const ALL: [Self; 4] = [Self::Claimed, Self::Handler, Self::Effect, Self::Nowhere];
}

/// What handlers have done, by all processes.
#[derive(Clone)]
pub(crate) struct Journal(PathBuf);

impl Journal {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("tower-webhook-{}-{name}.journal", std::process::id()));
        fs::write(&path, "").unwrap();
        Self(path)
    }

    fn write(&self, what: &str, id: &str) {
        let mut file = OpenOptions::new().append(true).open(&self.0).unwrap();
        file.write_all(format!("{what} {id}\n").as_bytes()).unwrap();
    }

    /// How often handlers were started for a delivery, and how often they had their effect.
    pub(crate) fn of(&self, id: &str) -> (usize, usize) {
        let text = fs::read_to_string(&self.0).unwrap();
        let count = |what: &str| text.lines().filter(|line| *line == format!("{what} {id}")).count();
        (count("start"), count("effect"))
    }
}

/// As of a service that is not ready: the claim is made, and the handler not called.
fn not_ready() -> bool {
    say("claimed");
    false
}

/// A receiver as all these processes are: its answer says who has run. Deliveries whose id begins with `sour` fail in
/// processes that are called `a`.
pub(crate) fn process(name: &str, store: RedisStore, journal: &Journal, hold: Hold, gate: &Arc<Semaphore>) -> Receiver {
    let layer = IdempotencyLayer::new(store).lease(Duration::from_secs(2)).max_wait(Duration::ZERO);
    let (name, journal, gate) = (name.to_owned(), journal.clone(), Arc::clone(gate));
    let ready = if hold == Hold::Claimed { not_ready } else { || true };
    Endpoint::new(service(standard_webhooks(), layer, ready, move |delivery: Delivery| {
        let (name, journal, gate) = (name.clone(), journal.clone(), Arc::clone(&gate));
        async move {
            let id = delivery.id().unwrap_or_default().into_owned();
            // Redis counts no attempts; stores on SQL do.
            assert_eq!(delivery.idempotency().unwrap().attempt(), None);
            journal.write("start", &id);
            if hold == Hold::Handler {
                say(&format!("handling {id}"));
                gate.acquire().await.unwrap().forget();
            }
            journal.write("effect", &id);
            if hold == Hold::Effect {
                say(&format!("effect {id}"));
                gate.acquire().await.unwrap().forget();
            }
            let mut answer = status(if id.starts_with("sour") && name == "a" { 500 } else { 200 });
            *answer.body_mut() = name.into();
            answer
        }
    }))
}

fn say(what: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "fault: {what}").unwrap();
    out.flush().unwrap();
}

/// A child, from outside.
pub(crate) struct Worker {
    child: Child,
    commands: ChildStdin,
    lines: BufReader<ChildStdout>,
}

impl Worker {
    pub(crate) fn start(name: &str, redis: &str, journal: &Journal, hold: Hold) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "worker::a_process_that_other_tests_start", "--nocapture"]);
        command.env("FAULTS_NAME", name).env("FAULTS_REDIS", redis).env("FAULTS_JOURNAL", &journal.0);
        command.env("FAULTS_HOLD", format!("{hold:?}")).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (commands, lines) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut worker = Self { child, commands, lines };
        worker.hears("ready");
        worker
    }

    pub(crate) fn tell(&mut self, command: &str) {
        writeln!(self.commands, "{command}").unwrap();
        self.commands.flush().unwrap();
    }

    /// Waits for a line, and gives what stands behind its beginning.
    pub(crate) fn hears(&mut self, beginning: &str) -> String {
        let mut line = String::new();
        loop {
            line.clear();
            assert_ne!(self.lines.read_line(&mut line).unwrap(), 0, "the process has ended before `{beginning}`");
            // The test harness writes into the same line.
            let said = line.find("fault: ").map(|at| line[at + 7..].trim_end());
            if let Some(rest) = said.and_then(|said| said.strip_prefix(beginning)) {
                return rest.trim().to_owned();
            }
        }
    }

    /// kill -9.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn signal(&self, signal: &str) {
        let done = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(done.success());
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// No test of its own: without a parent that says what to do it ends at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_other_tests_start() {
    let Ok(name) = std::env::var("FAULTS_NAME") else { return };
    let var = |name| std::env::var(name).unwrap();
    // A parent that has gone leaves nothing behind.
    std::thread::spawn(|| {
        std::thread::sleep(Duration::from_secs(60));
        std::process::exit(1);
    });
    let hold = Hold::ALL.into_iter().find(|hold| format!("{hold:?}") == var("FAULTS_HOLD")).unwrap();
    let (journal, gate) = (Journal(Path::new(&var("FAULTS_JOURNAL")).to_owned()), Arc::new(Semaphore::new(0)));
    let store = RedisStore::connect(&var("FAULTS_REDIS")).await.unwrap();
    let receiver = process(&name, store, &journal, hold, &gate);
    say("ready");
    let mut commands = std::io::stdin().lines();
    loop {
        let next = tokio::task::block_in_place(|| commands.next());
        let Some(Ok(line)) = next else { return };
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["send", id] => {
                let (receiver, id) = (receiver.clone(), id.to_owned());
                tokio::spawn(async move {
                    let answer = receiver.send(&delivery(&id)).await;
                    say(&format!("answered {id} {} {:?}", answer.status().as_u16(), answer.outcome()));
                });
            }
            ["burst", count, id] => {
                let mut copies = tokio::task::JoinSet::new();
                for _ in 0..count.parse().unwrap() {
                    let (receiver, id) = (receiver.clone(), id.to_owned());
                    copies.spawn(async move { receiver.send(&delivery(&id)).await });
                }
                let answers = copies.join_all().await;
                let first =
                    answers.iter().filter(|answer| answer.status() == 200 && answer.outcome().is_none()).count();
                // In flight, or, on a machine that is busy, over the budget of the store: either way it comes back.
                let is_other =
                    |answer: &&Answer| answer.outcome() == Some(Outcome::Duplicate) || answer.status() == 503;
                let others = answers.iter().filter(is_other).count();
                say(&format!("burst {first} {others}"));
            }
            ["go"] => gate.add_permits(1000),
            _ => panic!("{line}"),
        }
    }
}
