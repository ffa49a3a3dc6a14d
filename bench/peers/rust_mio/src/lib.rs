// SPDX-License-Identifier: MIT
//! mio, the crate, behind the benchmark's table: peers/rust_mio.c calls these.
//! The loops are here, so that no event crosses the languages' border.

use mio::net::{TcpListener, TcpStream};
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token, Waker};
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::mem::ManuallyDrop;
use std::os::unix::io::{AsRawFd, FromRawFd, IntoRawFd, RawFd};
use std::time::Duration;

const WAKER: Token = Token(usize::MAX);
const LISTENER: Token = Token(usize::MAX - 1);
const BUFFER: usize = 4096;

pub struct Loop {
    poll: Poll,
    events: Events,
    waker: Option<Waker>,
    /// By slot; the descriptors are the harness's.
    files: Vec<Option<ManuallyDrop<File>>>,
}

#[no_mangle]
pub extern "C" fn rust_mio_open(descriptors: usize, wakes: bool, capacity: usize) -> *mut Loop {
    let poll = Poll::new().unwrap();
    let waker = wakes.then(|| Waker::new(poll.registry(), WAKER).unwrap());
    let mut files = Vec::new();
    files.resize_with(descriptors, || None);
    let events = Events::with_capacity(capacity);
    Box::into_raw(Box::new(Loop { poll, events, waker, files }))
}

/// # Safety
/// `this` came from rust_mio_open(), as everywhere below.
#[no_mangle]
pub unsafe extern "C" fn rust_mio_close(this: *mut Loop) {
    drop(Box::from_raw(this));
}

/// # Safety
/// See rust_mio_close().
#[no_mangle]
pub unsafe extern "C" fn rust_mio_add(this: &mut Loop, slot: usize, fd: RawFd) {
    this.files[slot] = Some(ManuallyDrop::new(File::from_raw_fd(fd)));
    this.poll.registry().register(&mut SourceFd(&fd), Token(slot), Interest::READABLE).unwrap();
}

#[no_mangle]
pub extern "C" fn rust_mio_change(this: &mut Loop, slot: usize, fd: RawFd) {
    let both = Interest::READABLE | Interest::WRITABLE;
    this.poll.registry().reregister(&mut SourceFd(&fd), Token(slot), both).unwrap();
}

#[no_mangle]
pub extern "C" fn rust_mio_remove(this: &mut Loop, _slot: usize, fd: RawFd) {
    this.poll.registry().deregister(&mut SourceFd(&fd)).unwrap();
}

#[no_mangle]
pub extern "C" fn rust_mio_look(this: &mut Loop) {
    this.poll.poll(&mut this.events, Some(Duration::ZERO)).unwrap();
}

#[no_mangle]
pub extern "C" fn rust_mio_dispatch(this: &mut Loop, n: i64) {
    let mut left = n;
    while left > 0 {
        this.poll.poll(&mut this.events, None).unwrap();
        for event in this.events.iter() {
            if event.is_readable() {
                let mut value = [0; 8];
                let file = this.files[event.token().0].as_mut().unwrap();
                assert_eq!(file.read(&mut value).unwrap(), value.len());
                left -= 1;
            }
        }
    }
}

#[no_mangle]
pub extern "C" fn rust_mio_wake(this: &Loop) {
    this.waker.as_ref().unwrap().wake().unwrap();
}

#[no_mangle]
pub extern "C" fn rust_mio_await_wake(this: &mut Loop) {
    this.poll.poll(&mut this.events, None).unwrap();
}

fn answer(stream: &mut TcpStream, buffer: &mut [u8]) -> bool {
    match stream.read(buffer) {
        Ok(0) | Err(_) => false,
        Ok(size) => matches!(stream.write(&buffer[..size]), Ok(written) if written == size),
    }
}

/// Serves until `answered` says to stop; `linger` is called before each close.
#[no_mangle]
pub extern "C" fn rust_mio_serve(
    listener: RawFd,
    once: bool,
    user: *mut std::ffi::c_void,
    answered: extern "C" fn(*mut std::ffi::c_void) -> bool,
    linger: extern "C" fn(RawFd),
) {
    let mut poll = Poll::new().unwrap();
    let mut events = Events::with_capacity(1024);
    let mut listener = unsafe { TcpListener::from_raw_fd(listener) };
    let mut streams: Vec<Option<TcpStream>> = Vec::new();
    let registry = poll.registry().try_clone().unwrap();
    registry.register(&mut listener, LISTENER, Interest::READABLE).unwrap();
    let end = |slot: &mut Option<TcpStream>| {
        if let Some(mut stream) = slot.take() {
            registry.deregister(&mut stream).unwrap();
            linger(stream.as_raw_fd());
        }
    };
    let mut buffer = [0; BUFFER];
    let mut stop = false;
    while !stop {
        poll.poll(&mut events, None).unwrap();
        for event in events.iter() {
            if event.token() == LISTENER {
                loop {
                    match listener.accept() {
                        Ok((mut stream, _)) => {
                            let index = stream.as_raw_fd() as usize;
                            if streams.len() <= index {
                                streams.resize_with(index + 1, || None);
                            }
                            registry
                                .register(&mut stream, Token(index), Interest::READABLE)
                                .unwrap();
                            streams[index] = Some(stream);
                        }
                        Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                        Err(error) => panic!("accept: {error}"),
                    }
                }
                continue;
            }
            let slot = &mut streams[event.token().0];
            let goes_on = slot.as_mut().map_or(false, |stream| answer(stream, &mut buffer));
            stop = goes_on && answered(user);
            if !goes_on || once {
                end(slot);
            }
            if stop {
                break;
            }
        }
    }
    streams.iter_mut().for_each(end);
    registry.deregister(&mut listener).unwrap();
    let _ = listener.into_raw_fd();
}
