//! RFC 6455 by the book, after the groups of the Autobahn suite, against the echo route:
//! the very same reader, writer and limits as the socket's.

use std::{
    cell::RefCell,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use crate::support::{
    Hub,
    raw::{BINARY, CLOSE, CONT, Frame, PING, PONG, RawSocket, TEXT, frame, header},
};

const FIN: u8 = 0x80;

/// One hub for the tests of this module that run together: each case is a connection of its own.
/// The last test to end takes it down, which a static alone would not do.
fn hub() -> Arc<Hub> {
    static SHARED: Mutex<Weak<Hub>> = Mutex::new(Weak::new());
    thread_local! {
        static HELD: RefCell<Option<Arc<Hub>>> = const { RefCell::new(None) };
    }
    HELD.with_borrow_mut(|held| {
        held.get_or_insert_with(|| {
            let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
            shared.upgrade().unwrap_or_else(|| {
                let hub = Hub::with()
                    .env("DEBUG__ECHO", true)
                    .env("LIMITS__MAX_FRAME_BYTES", 16 << 20)
                    .start();
                let hub = Arc::new(hub);
                *shared = Arc::downgrade(&hub);
                hub
            })
        })
        .clone()
    })
}

fn open() -> RawSocket {
    RawSocket::open(hub().addr(), "/debug/echo", None)
}

/// The next message, put together from its fragments; control frames are passed over.
fn message(socket: &mut RawSocket) -> Frame {
    let mut whole: Option<Frame> = None;
    loop {
        let next = socket.read().expect("a message");
        match next.opcode {
            PING | PONG => continue,
            CLOSE => panic!("closed with {:?}", next.close_code()),
            CONT => {
                let message = whole.as_mut().expect("a continuation continues something");
                message.payload.extend_from_slice(&next.payload);
                message.fin = next.fin;
            }
            _ => {
                assert!(whole.is_none());
                whole = Some(next);
            }
        }
        if whole.as_ref().is_some_and(|m| m.fin) {
            return whole.unwrap();
        }
    }
}

#[track_caller]
fn echoes(opcode: u8, payload: &[u8]) {
    let mut socket = open();
    socket.send(FIN | opcode, payload);
    let back = message(&mut socket);
    assert_eq!(back.opcode, opcode);
    assert!(
        back.payload == payload,
        "{} octets came back as {}",
        payload.len(),
        back.payload.len()
    );
}

/// Sends bytes and expects to be closed with the code.
#[track_caller]
fn fails(bytes: &[u8], code: u16) {
    let mut socket = open();
    socket.write(bytes);
    assert_eq!(socket.close_code(), code, "{:x?}", &bytes[..bytes.len().min(40)]);
}

fn joined(frames: &[(u8, &[u8])]) -> Vec<u8> {
    frames
        .iter()
        .flat_map(|(head, payload)| frame(*head, payload))
        .collect()
}

#[test]
fn group_1_text_and_binary_of_every_length_class_come_back() {
    for len in [0, 1, 125, 126, 127, 128, 65_535, 65_536, 65_537] {
        echoes(TEXT, "*".repeat(len).as_bytes());
        echoes(BINARY, &vec![0xfe; len]);
    }
}

#[test]
fn group_1_a_message_sent_in_small_chops_comes_back() {
    let mut socket = open();
    for chop in frame(FIN | TEXT, "*".repeat(65_536).as_bytes()).chunks(997) {
        socket.write(chop);
    }
    assert_eq!(message(&mut socket).payload.len(), 65_536);
}

#[test]
fn group_2_pings_are_answered_with_their_payload() {
    let binary: Vec<u8> = (0..125).collect();
    for payload in [
        &b""[..],
        b"Hello, world!",
        &[0, 255, 254, 253, 252, 251, 0, 255],
        &binary,
    ] {
        let mut socket = open();
        socket.send(FIN | PING, payload);
        let pong = socket.read_data().unwrap();
        assert_eq!((pong.opcode, pong.payload.as_slice()), (PONG, payload));
    }
}

#[test]
fn group_2_a_ping_too_long_breaks_the_protocol() {
    fails(&frame(FIN | PING, &[0; 126]), 1002);
}

#[test]
fn group_2_pings_are_answered_octet_by_octet_and_in_order() {
    let mut socket = open();
    for byte in frame(FIN | PING, &[7; 125]) {
        socket.write(&[byte]);
    }
    assert_eq!(socket.read_data().unwrap().payload, [7; 125]);
    for n in 0..10 {
        socket.send(FIN | PING, &[n]);
    }
    for n in 0..10 {
        let pong = socket.read_data().unwrap();
        assert_eq!((pong.opcode, pong.payload), (PONG, vec![n]));
    }
}

#[test]
fn group_2_unsolicited_pongs_are_passed_over() {
    let mut socket = open();
    socket.send(FIN | PONG, b"");
    socket.send(FIN | PONG, b"unsolicited");
    socket.send(FIN | PING, b"ping");
    let pong = socket.read_data().unwrap();
    assert_eq!((pong.opcode, pong.payload.as_slice()), (PONG, &b"ping"[..]));
}

#[test]
fn group_3_reserved_bits_break_the_protocol() {
    for rsv in 1..8 {
        for opcode in [TEXT, BINARY, PING, CLOSE] {
            fails(&frame(FIN | rsv << 4 | opcode, b""), 1002);
        }
    }
}

#[test]
fn group_3_what_came_before_a_reserved_bit_is_echoed_first() {
    let mut socket = open();
    socket.send(FIN | TEXT, b"avant");
    socket.send(FIN | 0x40 | TEXT, b"cass\xc3\xa9");
    assert_eq!(message(&mut socket).payload, b"avant");
    assert_eq!(socket.close_code(), 1002);
}

#[test]
fn group_4_reserved_opcodes_break_the_protocol() {
    for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        fails(&frame(FIN | opcode, b""), 1002);
        fails(&frame(FIN | opcode, b"charge"), 1002);
    }
}

#[test]
fn group_5_fragmented_control_frames_break_the_protocol() {
    for opcode in [PING, PONG, CLOSE] {
        fails(&joined(&[(opcode, b"a"), (FIN | CONT, b"b")]), 1002);
    }
}

#[test]
fn group_5_fragments_are_put_together_however_they_are_cut() {
    let whole = joined(&[
        (TEXT, b"fragment1"),
        (CONT, b""),
        (CONT, b"fragment2"),
        (FIN | CONT, b"fragment3"),
    ]);
    for chop in [1, 3, whole.len()] {
        let mut socket = open();
        for part in whole.chunks(chop) {
            socket.write(part);
        }
        let back = message(&mut socket);
        assert_eq!(
            (back.opcode, back.payload.as_slice()),
            (TEXT, &b"fragment1fragment2fragment3"[..])
        );
    }
}

#[test]
fn group_5_control_frames_between_fragments_are_answered_at_once() {
    let mut socket = open();
    socket.send(TEXT, b"frag");
    socket.send(FIN | PING, b"pendant");
    let pong = socket.read_data().unwrap();
    assert_eq!((pong.opcode, pong.payload.as_slice()), (PONG, &b"pendant"[..]));
    socket.send(CONT, b"me");
    socket.send(FIN | PING, b"encore");
    assert_eq!(socket.read_data().unwrap().payload, b"encore");
    socket.send(FIN | CONT, b"nt");
    assert_eq!(message(&mut socket).payload, b"fragment");
}

#[test]
fn group_5_a_continuation_of_nothing_breaks_the_protocol() {
    fails(&frame(FIN | CONT, b"rien"), 1002);
    fails(&frame(CONT, b"rien"), 1002);
    let mut socket = open();
    socket.send(FIN | TEXT, b"entier");
    socket.send(FIN | CONT, b"de trop");
    assert_eq!(message(&mut socket).payload, b"entier");
    assert_eq!(socket.close_code(), 1002);
}

#[test]
fn group_5_a_new_message_inside_another_breaks_the_protocol() {
    fails(&joined(&[(TEXT, b"un"), (FIN | TEXT, b"deux")]), 1002);
    fails(&joined(&[(BINARY, b"un"), (BINARY, b"deux")]), 1002);
}

#[test]
fn group_6_valid_utf8_comes_back_whole_and_chopped() {
    for text in [
        "",
        "κόσμε",
        "Hello-µ@ßöäüàá-UTF-8!!",
        "\u{0}",
        "\u{80}\u{7ff}\u{800}\u{ffff}\u{10000}\u{10ffff}",
        "\u{d7ff}\u{e000}\u{fffd}",
        "🛒",
    ] {
        echoes(TEXT, text.as_bytes());
        let mut socket = open();
        let bytes = text.as_bytes();
        // Each octet a fragment of its own: code points are cut in the middle.
        socket.send(TEXT, b"");
        for byte in bytes {
            socket.send(CONT, &[*byte]);
        }
        socket.send(FIN | CONT, b"");
        assert_eq!(message(&mut socket).payload, bytes);
    }
}

/// Texts that are not UTF-8, each with how many octets may be read before that is certain.
const INVALID: &[(&[u8], usize)] = &[
    (
        b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited",
        13,
    ),
    (
        b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xf4\x90\x80\x80edited",
        13,
    ),
    (b"\x80", 1),
    (b"a\xbf", 2),
    (b"\xfe", 1),
    (b"\xff", 1),
    (b"\xc0\xaf", 1),
    (b"\xc1\xbf", 1),
    (b"\xe0\x80\xaf", 2),
    (b"\xf0\x80\x80\xaf", 2),
    (b"\xf8\x88\x80\x80\x80", 1),
    (b"\xfc\x84\x80\x80\x80\x80", 1),
    (b"\xed\xa0\x80", 2),
    (b"\xed\xbf\xbf", 2),
    (b"\xf4\x90\x80\x80", 2),
    (b"\xf5\x80\x80\x80", 1),
    (b"\xc3\x28", 2),
    (b"\xe2\x28\xa1", 2),
];

#[test]
fn group_6_invalid_utf8_closes_with_1007() {
    for (text, _) in INVALID {
        fails(&frame(FIN | TEXT, text), 1007);
        let middle = text.len() / 2;
        fails(
            &joined(&[(TEXT, &text[..middle]), (FIN | CONT, &text[middle..])]),
            1007,
        );
    }
    // Cut off in the middle of a code point.
    for text in [&b"\xce"[..], b"\xe1\xbd", b"\xf0\x9f\x9b", b"ok \xe2\x82"] {
        fails(&frame(FIN | TEXT, text), 1007);
    }
}

#[test]
fn group_6_invalid_utf8_fails_before_the_message_is_complete() {
    for (text, certain) in INVALID {
        let mut socket = open();
        socket.send(TEXT, &text[..*certain]);
        // The message is not finished, and will not be.
        assert_eq!(socket.close_code(), 1007, "{text:x?}");
    }
}

#[test]
fn group_6_invalid_utf8_fails_within_one_frame_octet_by_octet() {
    for (text, certain) in INVALID {
        let mut socket = open();
        let mut long = text[..*certain].to_vec();
        long.extend(std::iter::repeat_n(b'x', 200));
        let bytes = frame(FIN | TEXT, &long);
        let head = bytes.len() - 200;
        for byte in &bytes[..head] {
            socket.write(&[*byte]);
        }
        assert_eq!(socket.close_code(), 1007, "{text:x?}");
    }
}

#[test]
fn group_6_binary_may_hold_anything() {
    for (bytes, _) in INVALID {
        echoes(BINARY, bytes);
    }
}

#[test]
fn group_7_valid_close_codes_are_answered_with_the_same() {
    for code in [
        1000_u16, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999,
    ] {
        fails(&frame(FIN | CLOSE, &code.to_be_bytes()), code);
    }
    let reason = [&1000_u16.to_be_bytes()[..], "à bientôt".as_bytes()].concat();
    fails(&frame(FIN | CLOSE, &reason), 1000);
    let longest = [&1000_u16.to_be_bytes()[..], &[b'x'; 123]].concat();
    fails(&frame(FIN | CLOSE, &longest), 1000);
}

#[test]
fn group_7_a_close_without_a_code_is_answered() {
    let mut socket = open();
    socket.send(FIN | CLOSE, b"");
    let close = socket.read_data().unwrap();
    assert_eq!(close.opcode, CLOSE);
    assert!(close.payload.is_empty() || close.close_code() == Some(1000));
    assert!(socket.read().is_none(), "and the connection ends");
}

#[test]
fn group_7_invalid_closes_break_the_protocol() {
    for code in [0_u16, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65535] {
        fails(&frame(FIN | CLOSE, &code.to_be_bytes()), 1002);
    }
    fails(&frame(FIN | CLOSE, b"x"), 1002);
    fails(&frame(FIN | CLOSE, &[0x03, 0xe8].repeat(63)), 1002);
    fails(&frame(FIN | CLOSE, b"\x03\xe8\xff\xfe"), 1007);
}

#[test]
fn group_7_what_follows_a_close_is_not_read() {
    for after in [
        joined(&[(FIN | TEXT, b"trop tard")]),
        joined(&[(FIN | PING, b"")]),
        joined(&[(FIN | CLOSE, b"\x03\xe9")]),
    ] {
        let mut socket = open();
        let mut bytes = frame(FIN | CLOSE, &1000_u16.to_be_bytes());
        bytes.extend(after);
        socket.write(&bytes);
        let close = socket.read_data().unwrap();
        assert_eq!((close.opcode, close.close_code()), (CLOSE, Some(1000)));
        assert!(socket.read().is_none(), "nothing comes after the close");
    }
}

#[test]
fn group_7_a_close_in_the_middle_of_a_message_ends_it() {
    fails(&joined(&[(TEXT, b"fragment"), (FIN | CLOSE, b"\x03\xe8")]), 1000);
}

#[test]
fn group_10_a_long_message_in_many_fragments_comes_back() {
    let text = "*".repeat(65_536);
    let mut socket = open();
    let chunks: Vec<&[u8]> = text.as_bytes().chunks(1300).collect();
    for (n, chunk) in chunks.iter().enumerate() {
        let opcode = if n == 0 { TEXT } else { CONT };
        let fin = if n + 1 == chunks.len() { FIN } else { 0 };
        socket.send(fin | opcode, chunk);
    }
    assert_eq!(message(&mut socket).payload, text.as_bytes());
}

#[test]
fn messages_up_to_the_limit_come_back_and_larger_ones_are_closed_with_1009() {
    echoes(BINARY, &vec![0x2a; 4 << 20]);
    // The length alone is enough: the hub does not wait for sixteen megabytes to refuse them.
    let mut bytes = header(FIN | BINARY, (16 << 20) + 1, true);
    bytes.extend_from_slice(&[0; 4]);
    fails(&bytes, 1009);
    let mut huge = vec![FIN | BINARY, 0x80 | 127];
    huge.extend_from_slice(&(i64::MAX as u64).to_be_bytes());
    huge.extend_from_slice(&[0; 4]);
    fails(&huge, 1009);
}

#[test]
fn a_frame_that_is_not_masked_breaks_the_protocol() {
    let mut bytes = header(FIN | TEXT, 2, false);
    bytes.extend_from_slice(b"{}");
    fails(&bytes, 1002);
}

#[test]
fn a_length_with_its_highest_bit_set_breaks_the_protocol() {
    let mut bytes = vec![FIN | BINARY, 0x80 | 127];
    bytes.extend_from_slice(&(1_u64 << 63).to_be_bytes());
    bytes.extend_from_slice(&[0; 4]);
    let mut socket = open();
    socket.write(&bytes);
    assert!([1002, 1009].contains(&socket.close_code()));
}

#[test]
fn the_echo_route_is_not_there_unless_asked_for() {
    let hub = Hub::start();
    assert_eq!(hub.client().get("/debug/echo").status, 404);
}

#[test]
fn the_echo_route_is_for_this_machine_alone_and_for_upgrades() {
    let reply = hub().client().get("/debug/echo");
    assert!((400..500).contains(&reply.status), "{}", reply.status);
}
