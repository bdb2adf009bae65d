//! Sealed passwords: what is accepted, what is refused and how, and that each is accepted once.
