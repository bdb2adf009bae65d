//! The headers of every answer, and what is not believed of a request's.
