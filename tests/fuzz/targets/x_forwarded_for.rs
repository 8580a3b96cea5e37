#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tower_webhook_fuzz::run("x_forwarded_for", data));
