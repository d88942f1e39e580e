//! Sound and films that the library does not know: by their frames, not by their first letters alone.

/// Whether the beginning of a file is that of a recording.
pub fn is_recording(head: &[u8]) -> bool {
    mp3(head) || amr(head) || aac(head) || film(head)
}

/// One of the beginnings of an MP3 without a tag; recorders write these too.
fn mp3(head: &[u8]) -> bool {
    matches!(head.get(..2), Some([0xff, 0xf2 | 0xf3 | 0xfa | 0xfb]))
}

/// AMR, narrow and wide (RFC 4867): frames whose first byte says how long they are.
fn amr(head: &[u8]) -> bool {
    const NARROW: [usize; 9] = [12, 13, 15, 17, 19, 20, 26, 31, 5];
    const WIDE: [usize; 10] = [17, 23, 32, 36, 40, 46, 50, 58, 60, 5];
    let narrow = head.strip_prefix(b"#!AMR\n").map(|frames| (frames, &NARROW[..]));
    let wide = || head.strip_prefix(b"#!AMR-WB\n").map(|frames| (frames, &WIDE[..]));
    let Some((mut frames, sizes)) = narrow.or_else(wide) else { return false };
    if frames.is_empty() {
        return false;
    }
    while let Some(first) = frames.first() {
        let kind = usize::from(first >> 3 & 0xf);
        // Lost speech and nothing to send take no further byte.
        let size = sizes.get(kind).copied().or_else(|| [14, 15].contains(&kind).then_some(0));
        let Some(size) = size.filter(|_| first & 0x83 == 0) else { return false };
        frames = frames.get(1 + size..).unwrap_or_default();
    }
    true
}

/// AAC as a stream (ADTS): each frame begins alike and says how long it is.
fn aac(head: &[u8]) -> bool {
    let (mut frames, mut any) = (head, false);
    while let Some([first, second, third, fourth, fifth, sixth]) = frames.first_chunk::<6>() {
        let known = *first == 0xff && second & 0xf6 == 0xf0 && (third >> 2 & 0xf) < 13;
        let size = usize::from(fourth & 3) << 11 | usize::from(*fifth) << 3 | usize::from(sixth >> 5);
        if !known || size < 7 {
            return false;
        }
        // One that is not whole could be any text that begins so.
        any |= size <= frames.len();
        frames = frames.get(size..).unwrap_or_default();
    }
    any
}

/// Films and sound of phones: 3GP, and MP4 of any year.
fn film(head: &[u8]) -> bool {
    const BRANDS: [&[u8]; 7] = [b"3gp", b"3g2", b"3ge", b"3gg", b"3gr", b"3gs", b"iso"];
    head.get(4..8) == Some(b"ftyp") && head.get(8..11).is_some_and(|brand| BRANDS.contains(&brand))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amr_of(magic: &[u8], first: u8, size: usize) -> Vec<u8> {
        let frame = [&[first][..], &vec![0x5a; size]].concat();
        [magic, &frame.repeat(50)].concat()
    }

    /// Frames of so many bytes.
    fn adts(first: u8, size: u8) -> Vec<u8> {
        let mut frame = vec![0x21; usize::from(size)];
        frame[..7].copy_from_slice(&[0xff, first, 0x50, 0x80, size >> 3, size << 5 | 0x1f, 0xfc]);
        frame.repeat(40)
    }

    #[test]
    fn what_phones_record_is_known_by_its_frames() {
        for (what, head) in [
            ("amr, 12.2 kbit/s", amr_of(b"#!AMR\n", 0x3c, 31)),
            ("amr, cut in a frame", amr_of(b"#!AMR\n", 0x04, 12)[..40].to_vec()),
            ("amr, silence", amr_of(b"#!AMR\n", 0x7c, 0)),
            ("amr, wide", amr_of(b"#!AMR-WB\n", 0x44, 60)),
            ("aac", adts(0xf1, 100)),
            ("aac, MPEG-2, with a checksum", adts(0xf8, 60)),
            ("3gp", b"\0\0\0\x18ftyp3gp4\0\0\0\x003gp4isom".to_vec()),
            ("3gp, five", b"\0\0\0\x1cftyp3gp5\0\0\x01\x003gp5mp41".to_vec()),
            ("mp4", b"\0\0\0\x18ftypiso9\0\0\0\0".to_vec()),
        ] {
            assert!(is_recording(&head), "{what}");
        }
    }

    #[test]
    fn what_only_begins_like_one_is_none() {
        for (what, head) in [
            ("a script", b"#!AMR\nrm -rf /\n".to_vec()),
            ("a script of another kind", b"#!AMR-WB\n#!/bin/sh\n".to_vec()),
            ("nothing behind it", b"#!AMR\n".to_vec()),
            ("noise behind one frame", [adts(0xf1, 100)[..100].to_vec(), b"<script>".repeat(9)].concat()),
            ("two letters", b"\xff\xf1 and text behind it".to_vec()),
            ("a box of another kind", b"\0\0\0\x18ftypxxxx".to_vec()),
            ("nothing", Vec::new()),
        ] {
            assert!(!is_recording(&head), "{what}");
        }
    }
}
