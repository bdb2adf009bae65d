//! The life of the server's keys: first start, rotation, overlap, retirement, restart.
