//! Deliveries that are broken in the ways that occur, of every sender that signs by a template.

mod breakages;
mod forgeries;
mod matrix;
mod senders;
mod single;
mod written;
