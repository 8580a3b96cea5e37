//! A hardened accept loop: HTTP/1 and HTTP/2 on one port, plain (h2c) or over TLS, for any tower service.
//!
//! A tower layer sees a request only once its head has arrived. What goes on before that, and on the
//! connection around it, is the server's part. [`Server`] does it so that no sender can hold a connection
//! for nothing:
//!
//! | what a peer does | what happens | default |
//! |---|---|---|
//! | opens a connection and sends no head, half of one, or one byte a second | closed | 10 s |
//! | sends a head that is too large, or too many fields | 431; 414 where the target is too long | 64 KiB, 100 fields |
//! | keeps a connection without a request | closed | 75 s |
//! | does not read its answer | closed | 30 s |
//! | opens many connections | the next ones wait in the backlog of the kernel | 8,192 |
//! | opens many HTTP/2 streams, or resets them | refused; the connection is closed | 100; 20 |
//! | is gone without a word, HTTP/2 | found by pings | every 20 s |
//!
//! Every request carries a [`PeerAddr`](crate::connection::PeerAddr) in its extensions, the address at the
//! other end of the socket. Nothing that a request contains can set or change it.
//!
//! Out of file descriptors or memory, the loop waits and goes on; no error of one connection ends it. Once
//! the future given to [`Server::shutdown_on`] is ready, no more connections are taken, the requests in
//! flight are finished, and what is not done after the drain timeout is cut.
//!
//! `axum::serve` does none of this. It sets no timer, so that the head timeout of hyper, which is there, never
//! fires: half a head, a head of a line a second and a connection without a word all stay open for as long as their peer
//! likes, and there is no limit to their number. It answers well for what it is made for, which is behind a proxy that
//! waits for heads itself. Where you stay with it, or with another server, have such a proxy in front; the layers ask for
//! nothing but the address of the peer, see [`connection`](crate::connection).
//!
//! An open connection without a request costs about 16 KiB, one that sends a slow body 25 KiB and what it has sent so
//! far: 8,192 of them fit into 200 MiB beside the budget for bodies.
//!
//! Deployment caveats:
//!
//! * How long a **body** may take, and how large it may be, is the business of
//!   [`RawBodyLayer`](crate::RawBodyLayer).
//! * Let a proxy in front close idle connections before we do (its keep-alive time below the idle timeout),
//!   or it will now and then send a request into a connection that is just being closed.
//! * TLS is spoken with the feature `rustls` (`Server::tls`). Where it ends in front, tell
//!   [`PeerAddr`](crate::connection::PeerAddr) apart from the client with trusted proxies.
//! * An axum `Router` goes in as `app.with_state(())`: without it, axum puts the layers on again for each request.
//! * What connections held is freed with them, but glibc gives it back to the system only from the upper end of its heap:
//!   after a burst a process looks as large as before. The next burst gets that memory. Who wants it back calls
//!   `malloc_trim`, as the example `reference_receiver` does.
//! * The limit of connections is for all peers together, so a single peer can use it up: the timeouts
//!   above say for how long.
//!
//! # Example
//!
//! ```
//! use axum::{Router, extract::Request, http::StatusCode, routing::post};
//! use tower_webhook::{connection::PeerAddr, serve::Server};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let app = Router::new().route("/hooks", post(|request: Request| async move {
//!     request.extensions().get::<PeerAddr>().map_or(StatusCode::FORBIDDEN, |_| StatusCode::OK)
//! }));
//! let server = Server::bind("127.0.0.1:0").await?;
//! let address = server.local_addr()?;
//! # let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
//! # let ctrl_c = || stopped;
//! // `ctrl_c` is `tokio::signal::ctrl_c` in a real program.
//! let serving = tokio::spawn(server.shutdown_on(ctrl_c()).serve(app.with_state(())));
//!
//! // One that passes, one that is refused before any layer sees it.
//! assert!(send(address, "POST /hooks HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n").await?.starts_with("HTTP/1.1 200"));
//! let flood = format!("POST /hooks HTTP/1.1\r\n{}", "x: y\r\n".repeat(101));
//! assert!(send(address, &flood).await?.starts_with("HTTP/1.1 431"));
//!
//! # drop(stop);
//! let drained = serving.await??;
//! assert_eq!(drained.cut(), 0);
//! # Ok(())
//! # }
//! # async fn send(address: std::net::SocketAddr, head: &str) -> std::io::Result<String> {
//! #     use tokio::io::{AsyncReadExt, AsyncWriteExt};
//! #     let mut stream = tokio::net::TcpStream::connect(address).await?;
//! #     stream.write_all(format!("{head}connection: close\r\n\r\n").as_bytes()).await?;
//! #     let mut answer = String::new();
//! #     stream.read_to_string(&mut answer).await?;
//! #     Ok(answer)
//! # }
//! ```
//!
//! See also: [RFC 9112](https://www.rfc-editor.org/rfc/rfc9112) (HTTP/1.1) ·
//! [RFC 9113](https://www.rfc-editor.org/rfc/rfc9113) (HTTP/2) ·
//! [RFC 6585 §5](https://www.rfc-editor.org/rfc/rfc6585#section-5) (431).

mod accept;
mod activity;
mod drive;
mod entry;
mod io;
mod limits;
mod log;
mod server;
#[cfg(feature = "rustls")]
mod tls;
#[cfg(not(feature = "rustls"))]
#[path = "tls_off.rs"]
mod tls;

pub use server::{Drained, Server};
