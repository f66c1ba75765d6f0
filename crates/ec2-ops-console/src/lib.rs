//! The console: the executions of a deployment, and its safety nets, in a browser.
//!
//! It is a server on this machine, and a client of the deployment's endpoint, be that AWS or a sandbox. The pages are made
//! here; the script in the browser only brings what has changed since, and counts seconds.
//!
//! ```text
//! browser ──request──▶ server ──▶ pages ◀── board, execution ◀── ec2-ops-client ◀── AWS or sandbox
//!    ▲                    │                   (what is known, read anew at most every look)
//!    └── server-sent ─────┘ live
//!        events
//! ```

mod backstage;
mod board;
mod execution;
mod graph;
mod live;
mod pace;
mod pages;
mod reply;
mod server;
mod story;
mod streams;
mod timeline;
mod token;
mod words;

pub use backstage::Backstage;
pub use server::Console;
