//! What every route that takes JSON refuses.
