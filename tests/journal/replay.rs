//! `tower-webhook replay`.
