#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| simulator::fuzzing::data_channel(input));
