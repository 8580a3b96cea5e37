//! TLS on our own port.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tower_webhook::connection::OverTls;

use super::*;

fn file(name: &str) -> String {
    format!("{}/tests/receivers/tls/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn server_config() -> Arc<ServerConfig> {
    let chain = CertificateDer::pem_file_iter(file("server.pem")).unwrap().collect::<Result<_, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_file(file("server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap())
}

async fn start_tls(
    configure: impl FnOnce(Server) -> Server,
) -> (SocketAddr, oneshot::Sender<()>, JoinHandle<std::io::Result<Drained>>) {
    let over_tls = |request: Request| async move { request.extensions().get::<OverTls>().is_some().to_string() };
    let app = Router::new().route("/tls", get(over_tls));
    let (stop, stopped) = oneshot::channel::<()>();
    let server = configure(Server::bind("127.0.0.1:0").await.unwrap()).shutdown_on(stopped);
    (server.local_addr().unwrap(), stop, tokio::spawn(server.serve(app)))
}

async fn connect(address: SocketAddr, protocol: &[u8]) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(file("ca.pem")).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![protocol.to_vec()];
    let name = ServerName::from(std::net::IpAddr::from([127, 0, 0, 1]));
    let stream = TcpStream::connect(address).await.unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap()
}

const GET: &[u8] = b"GET /tls HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn a_request_over_tls_says_so_and_one_without_does_not() {
    let (address, stop, serving) = start_tls(|server| server.tls(server_config())).await;
    let mut stream = connect(address, b"http/1.1").await;
    stream.write_all(GET).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("true"), "{answer}");

    let stream = connect(address, b"h2").await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
    let (mut sender, connection) = handshake.await.unwrap();
    tokio::spawn(connection);
    let request = http::Request::get("https://x/tls").body(Full::<Bytes>::default()).unwrap();
    let response = sender.send_request(request).await.unwrap();
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "true");
    drop(sender);
    drop(stop);
    assert_eq!(serving.await.unwrap().unwrap().cut(), 0);

    let (address, _stop, _serving) = start_tls(usual).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let answer = talk(&mut stream, std::str::from_utf8(GET).unwrap()).await;
    assert!(answer.ends_with("false"), "{answer}");
}

#[tokio::test]
async fn a_handshake_that_does_not_come_to_an_end_has_the_time_of_a_head() {
    let configure = |server: Server| server.tls(server_config()).head_timeout(Duration::from_millis(300));
    let (address, _stop, _serving) = start_tls(configure).await;
    for (beginning, at_once) in [(&b""[..], false), (b"\x16\x03\x01\x02\x00\x01", false), (GET, true)] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(beginning).await.unwrap();
        let (after, said) = closed_after(&mut stream).await;
        assert!(after < Duration::from_secs(3) && (at_once || after >= Duration::from_millis(290)), "{after:?}");
        assert!(!said.starts_with(b"HTTP"));
    }
    // And once it has come to its end, the head has its own.
    let mut stream = connect(address, b"http/1.1").await;
    let began = Instant::now();
    let _ = stream.read(&mut [0]).await;
    assert!(began.elapsed() >= Duration::from_millis(290) && began.elapsed() < Duration::from_secs(3));
}
