//! Entering the network of a container.
//!
//! What is opened there listens for that container's network alone, and nobody else's. It takes root (`CAP_SYS_ADMIN`), and an engine
//! whose processes this one sees.

use std::fs::File;
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};
use std::os::fd::AsFd;
use std::thread;

use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketType, recv, send, socket};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use thiserror::Error;

/// Why something could not be done in a container's network.
#[derive(Debug, Error)]
pub enum NamespaceError {
    /// The process that the engine names is not to be seen from here, or is not the container's.
    #[error("the process {pid} is not seen as one of the container's")]
    Foreign {
        /// The process that the engine names.
        pid: i64,
    },
    /// This process may not enter.
    #[error("could not enter the container's network, which only root may")]
    Enter(#[source] io::Error),
    /// What was to be done there failed.
    #[error("could not {attempt} in the container's network")]
    Do {
        /// What was attempted.
        attempt: &'static str,
        /// Why it failed.
        source: io::Error,
    },
}

/// A container's network, by one of the container's processes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespace {
    pid: i64,
    container: String,
}

/// The index of the loopback interface, the first of every network namespace.
const LOOPBACK: u32 = 1;

impl Namespace {
    /// The network of `container`, one of whose processes is `pid`.
    #[must_use]
    pub fn new(pid: i64, container: &str) -> Self {
        Self { pid, container: container.to_owned() }
    }

    /// Whether this process may enter networks at all.
    ///
    /// # Errors
    /// As the kernel says.
    pub fn may_enter() -> Result<(), NamespaceError> {
        let own = File::open("/proc/self/ns/net").map_err(NamespaceError::Enter)?;
        on_a_thread(|| enter(&own))
    }

    /// Does `work` in the network. It must not leave anything running on its thread.
    ///
    /// # Errors
    /// The network cannot be entered.
    pub fn inside<R: Send>(&self, work: impl FnOnce() -> R + Send) -> Result<R, NamespaceError> {
        let Self { pid, container } = self;
        let foreign = |_| NamespaceError::Foreign { pid: *pid };
        // Opened first: if the process is the container's after that, the file is that of the container's network.
        let network = File::open(format!("/proc/{pid}/ns/net")).map_err(foreign)?;
        let groups = std::fs::read_to_string(format!("/proc/{pid}/cgroup")).map_err(foreign)?;
        if !groups.contains(container.as_str()) {
            return Err(NamespaceError::Foreign { pid: *pid });
        }
        on_a_thread(|| enter(&network).map(|()| work()))
    }

    /// Gives the network's loopback interface `address`, if it does not have it, and listens there.
    ///
    /// # Errors
    /// The network cannot be entered, or the kernel refuses.
    pub fn listen(&self, address: Ipv4Addr, port: u16) -> Result<TcpListener, NamespaceError> {
        let failed = |attempt| move |source| NamespaceError::Do { attempt, source };
        self.inside(|| {
            give_loopback(address).map_err(failed("give loopback an address"))?;
            let listener = TcpListener::bind(SocketAddrV4::new(address, port)).map_err(failed("listen"))?;
            listener.set_nonblocking(true).map_err(failed("listen"))?;
            Ok(listener)
        })?
    }
}

/// Does `work` on a thread of its own: a thread that has entered a network stays there.
fn on_a_thread<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    thread::scope(|scope| match scope.spawn(work).join() {
        Ok(done) => done,
        Err(panic) => std::panic::resume_unwind(panic),
    })
}

fn enter(network: &File) -> Result<(), NamespaceError> {
    move_into_link_name_space(network.as_fd(), Some(LinkNameSpaceType::Network))
        .map_err(|error| NamespaceError::Enter(error.into()))
}

/// Adds `address` to the loopback interface of the network that this thread is in: one message of rtnetlink(7) and its answer.
fn give_loopback(address: Ipv4Addr) -> io::Result<()> {
    let netlink = socket(AddressFamily::NETLINK, SocketType::RAW, None)?;
    send(&netlink, &new_address(address), SendFlags::empty())?;
    let mut answer = [0_u8; 128];
    let (_, length) = recv(&netlink, &mut answer[..], RecvFlags::empty())?;
    // The answer is a message of type NLMSG_ERROR, whose content begins with the negative error number; zero is none.
    let code = answer.get(16..20).filter(|_| length >= 20).and_then(|bytes| bytes.try_into().ok());
    match code.map(i32::from_ne_bytes) {
        Some(0) => Ok(()),
        Some(code) => Err(io::Error::from_raw_os_error(-code)),
        None => Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
    }
}

/// RTM_NEWADDR for `address`/32 on loopback, in the bytes of rtnetlink(7).
fn new_address(address: Ipv4Addr) -> Vec<u8> {
    const RTM_NEWADDR: u16 = 20;
    // NLM_F_REQUEST, NLM_F_ACK, NLM_F_REPLACE, NLM_F_CREATE.
    const FLAGS: u16 = 0x1 | 0x4 | 0x100 | 0x400;
    const AF_INET: u8 = 2;
    const SCOPE_HOST: u8 = 254;
    const IFA_ADDRESS: u16 = 1;
    const IFA_LOCAL: u16 = 2;
    let mut message = Vec::new();
    message.extend(40_u32.to_ne_bytes());
    message.extend(RTM_NEWADDR.to_ne_bytes());
    message.extend(FLAGS.to_ne_bytes());
    message.extend(1_u32.to_ne_bytes()); // The sequence number;
    message.extend(0_u32.to_ne_bytes()); // to the kernel.
    message.extend([AF_INET, 32, 0, SCOPE_HOST]);
    message.extend(LOOPBACK.to_ne_bytes());
    for kind in [IFA_LOCAL, IFA_ADDRESS] {
        message.extend(8_u16.to_ne_bytes());
        message.extend(kind.to_ne_bytes());
        message.extend(address.octets());
    }
    message
}
