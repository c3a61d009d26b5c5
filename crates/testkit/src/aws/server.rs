//! The listening side: a thread of its own, one connection task each, every answer decided under one
//! lock.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming as HttpBody;
use hyper::service::service_fn;
use hyper::{Response, server::conn::http1};
use hyper_util::rt::TokioIo;

use super::dispatch::{Decision, decide};
use super::incoming::Incoming;
use super::reply::{Delivery, Interrupted, Outgoing};
use super::world::World;
use crate::{lock, sigv4};

/// Larger requests than this are cut off.
const REQUEST_LIMIT: usize = 1 << 20;

/// A running server; it stops and closes every connection when dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start(world: Arc<Mutex<World>>, port: u16) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let stopping = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&stopping);
        let thread = std::thread::Builder::new()
            .name("fake-aws".to_owned())
            .spawn(move || runtime.block_on(accept(listener, world, stop)))?;
        Ok(Self { address, stopping, thread: Some(thread) })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        // Wakes the accepting loop, which then sees the flag.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

async fn accept(listener: TcpListener, world: Arc<Mutex<World>>, stop: Arc<AtomicBool>) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("a runtime is entered");
    while let Ok((stream, _)) = listener.accept().await {
        if stop.load(Ordering::SeqCst) {
            return;
        }
        let world = Arc::clone(&world);
        tokio::spawn(async move {
            let service = service_fn(|request| answer(Arc::clone(&world), request));
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            // A client that hangs up, or a fault that cuts, is no failure of the server.
            drop(connection.await);
        });
    }
}

async fn answer(
    world: Arc<Mutex<World>>,
    request: hyper::Request<HttpBody>,
) -> Result<Response<Outgoing>, Interrupted> {
    let incoming = read(request).await?;
    let Decision { answer, delivery, request_id, date } = decide(&mut lock(&world), &incoming);
    match delivery {
        Delivery::CloseUnanswered => return Err(Interrupted),
        Delivery::Late(Some(wait)) => tokio::time::sleep(wait).await,
        Delivery::Late(None) => std::future::pending().await,
        _ => {}
    }
    Response::builder()
        .status(answer.status)
        .header("content-type", answer.content_type)
        .header("x-amzn-requestid", request_id)
        .header("date", date)
        .body(Outgoing::new(answer.text, delivery))
        .map_err(|_| Interrupted)
}

async fn read(request: hyper::Request<HttpBody>) -> Result<Incoming, Interrupted> {
    let (head, body) = request.into_parts();
    let headers = head.headers.iter().map(|(name, value)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    let headers = headers.collect();
    let body = Limited::new(body, REQUEST_LIMIT).collect().await.map_err(|_| Interrupted)?;
    Ok(Incoming::read(sigv4::Request {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers,
        body: body.to_bytes().to_vec(),
    }))
}
