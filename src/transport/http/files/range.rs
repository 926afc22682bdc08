//! Ranges of bytes (RFC 9110 section 14): one a request. Whatever is not understood, or asks for several, is answered
//! with the whole, as the RFC allows.

/// What is to be answered.
#[derive(Debug, PartialEq, Eq)]
pub enum Part {
    Whole,
    /// From the first byte to the last, both included.
    Some {
        first: u64,
        last: u64,
    },
    /// Nothing of it is there.
    OutOfBounds,
}

/// `range`: the header's value, of a content of `length` bytes.
pub fn part(range: Option<&str>, length: u64) -> Part {
    let Some((first, last)) = range
        .and_then(|range| range.trim().strip_prefix("bytes="))
        .and_then(|spec| spec.trim().split_once('-'))
    else {
        return Part::Whole;
    };
    let number = |text: &str| -> Option<Option<u64>> {
        let text = text.trim();
        if text.is_empty() {
            return Some(None);
        }
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        // More digits than fit lie beyond every file.
        digits.then(|| Some(text.parse().unwrap_or(u64::MAX)))
    };
    match (number(first), number(last)) {
        (Some(Some(first)), Some(last)) => {
            let last = last.unwrap_or(u64::MAX);
            if first > last {
                Part::Whole
            } else if first >= length {
                Part::OutOfBounds
            } else {
                Part::Some {
                    first,
                    last: last.min(length - 1),
                }
            }
        }
        // The last so many bytes.
        (Some(None), Some(Some(count))) => {
            if count == 0 || length == 0 {
                Part::OutOfBounds
            } else {
                Part::Some {
                    first: length.saturating_sub(count),
                    last: length - 1,
                }
            }
        }
        _ => Part::Whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_is_understood_in_its_three_forms() {
        for (range, first, last) in [
            ("bytes=0-9", 0, 9),
            ("bytes=5-", 5, 99),
            ("bytes=-10", 90, 99),
            ("bytes=-1000", 0, 99),
            ("bytes=90-1000", 90, 99),
            ("bytes=0-99999999999999999999999", 0, 99),
        ] {
            assert_eq!(part(Some(range), 100), Part::Some { first, last }, "{range}");
        }
    }

    #[test]
    fn what_lies_outside_is_said_and_what_is_nonsense_is_left_out() {
        for range in [
            "bytes=100-",
            "bytes=100-200",
            "bytes=-0",
            "bytes=99999999999999999999999-",
        ] {
            assert_eq!(part(Some(range), 100), Part::OutOfBounds, "{range}");
        }
        for range in [
            "bytes=",
            "bytes=-",
            "bytes=9-5",
            "bytes=0-1,5-6",
            "lines=0-1",
            "bytes=a-b",
            "bytes=+1-2",
        ] {
            assert_eq!(part(Some(range), 100), Part::Whole, "{range}");
        }
        assert_eq!(part(None, 100), Part::Whole);
        assert_eq!(part(Some("bytes=0-"), 0), Part::OutOfBounds);
    }
}
