//! What the rules say of nginx, ssh and sudo, tried on the real programs: what is found fails, and what the help says does not.

mod nginx;
mod scene;
mod ssh;
