//! The connection under a socket, shared between the socket's task and whoever writes past it.

use std::{
    io::{self, IoSlice},
    net::Shutdown,
    pin::Pin,
    sync::{Arc, Weak},
    task::{Context, Poll, ready},
    time::Duration,
};

use actix_codec::{AsyncRead, AsyncWrite, ReadBuf};
use socket2::SockRef;
use tokio::{io::Interest, net::TcpStream};

use crate::hub::outbox::Straight;

/// What an upgrade hands over.
pub trait Io: AsyncRead + AsyncWrite + Unpin {
    type Shared: Shared;
    fn share(self) -> Self::Shared;
}

/// A connection that others may write to while its task sleeps.
pub trait Shared: AsyncRead + AsyncWrite + Unpin {
    /// Makes the following close drop what the kernel still holds for the peer.
    fn abandon(&self);

    /// Writes past the task; of no effect once the connection is closed.
    fn straight(&self) -> Weak<dyn Straight>;
}

impl Io for TcpStream {
    type Shared = SharedTcp;

    fn share(self) -> SharedTcp {
        SharedTcp(Arc::new(self))
    }
}

impl Straight for TcpStream {
    fn try_write(&self, bytes: &[u8]) -> usize {
        // Past tokio's notion of readiness, whose state lies elsewhere in memory: with a thousand sockets each
        // look costs a cache miss. Whatever is wrong, the task meets it when it writes the rest.
        SockRef::from(self).send(bytes).unwrap_or(0)
    }
}

/// A TCP connection, which does not block.
pub struct SharedTcp(Arc<TcpStream>);

impl SharedTcp {
    fn poll_with(
        &self,
        cx: &mut Context<'_>,
        mut write: impl FnMut(&TcpStream) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.0.poll_write_ready(cx))?;
            match write(&self.0) {
                Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => {}
                result => return Poll::Ready(result),
            }
        }
    }
}

impl Shared for SharedTcp {
    fn abandon(&self) {
        if let Err(cause) = SockRef::from(&*self.0).set_linger(Some(Duration::ZERO)) {
            tracing::debug!(%cause, "the socket could not be set to reset");
        }
    }

    fn straight(&self) -> Weak<dyn Straight> {
        let stream: Weak<TcpStream> = Arc::downgrade(&self.0);
        stream
    }
}

impl AsyncRead for SharedTcp {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            ready!(self.0.poll_read_ready(cx))?;
            let room = buffer.initialize_unfilled();
            match self.0.try_read(room) {
                Ok(read) => {
                    if cfg!(unix) && read > 0 && read < room.len() {
                        // Nothing is left: say so, or the next poll would ask the kernel to hear it. What came
                        // meanwhile is a new event.
                        let nothing: io::Result<()> = Err(io::ErrorKind::WouldBlock.into());
                        let _ = self.0.try_io(Interest::READABLE, || nothing);
                    }
                    buffer.advance(read);
                    return Poll::Ready(Ok(()));
                }
                Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => {}
                Err(cause) => return Poll::Ready(Err(cause)),
            }
        }
    }
}

impl AsyncWrite for SharedTcp {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_with(cx, |stream| stream.try_write(bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_with(cx, |stream| stream.try_write_vectored(slices))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(())) // nothing is kept back
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(SockRef::from(&*self.0).shutdown(Shutdown::Write))
    }
}
