//! What a machine does to a hub: full and broken disks, kills at bad moments, terminals that freeze.

mod audit;
mod backups;
mod books;
mod damaged;
mod disk_full;
mod killed;
mod peers;
mod start;
mod stop;
