//! The wire format of protocol buffers, read in place: fields are slices of the file, so that reading allocates nothing.
//!
//! Every length is checked against the bytes that are there. See <https://protobuf.dev/programming-guides/encoding>.

use super::invalid;
use crate::LexLearningError;

/// What a field holds; its meaning depends on the message.
#[derive(Debug, Clone, Copy)]
pub(super) enum Field<'a> {
    Varint(u64),
    /// Of four or eight bytes, which no message of ours has.
    Fixed,
    Bytes(&'a [u8]),
}

impl<'a> Field<'a> {
    pub(super) fn integer(self) -> Result<i64, LexLearningError> {
        match self {
            Self::Varint(value) => Ok(value.cast_signed()),
            _ => Err(cut("a field that is no integer")),
        }
    }

    pub(super) fn bytes(self) -> Result<&'a [u8], LexLearningError> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            _ => Err(cut("a field that is no message")),
        }
    }

    pub(super) fn text(self) -> Result<&'a str, LexLearningError> {
        std::str::from_utf8(self.bytes()?).map_err(|_| cut("a text that is not UTF-8"))
    }

    /// Adds the integers of a repeated field, which writers pack or not.
    pub(super) fn integers(self, into: &mut Vec<i64>) -> Result<(), LexLearningError> {
        let Self::Bytes(mut bytes) = self else {
            into.push(self.integer()?);
            return Ok(());
        };
        while !bytes.is_empty() {
            into.push(varint(&mut bytes)?.cast_signed());
        }
        Ok(())
    }
}

/// The integers of a repeated field of a message, which writers pack or not.
#[derive(Debug)]
pub(super) struct Integers<'a> {
    message: &'a [u8],
    /// Of the field.
    number: u8,
    packed: &'a [u8],
}

impl<'a> Integers<'a> {
    pub(super) fn new(message: &'a [u8], number: u8) -> Self {
        Self { message, number, packed: &[] }
    }

    /// The next one, if it has a field of its own and is small, as most are: then there is nothing to go wrong.
    #[inline]
    pub(super) fn next_small(&mut self) -> Option<i64> {
        let (value, rest) = match self.message {
            [key, value @ 0..0x80, rest @ ..] if *key == self.number << 3 => (i64::from(*value), rest),
            [key, low @ 0x80..=0xff, high @ 0..0x80, rest @ ..] if *key == self.number << 3 => {
                (i64::from(low & 0x7f) | i64::from(*high) << 7, rest)
            }
            _ => return None,
        };
        if !self.packed.is_empty() {
            return None;
        }
        self.message = rest;
        Some(value)
    }

    fn find(&mut self) -> Result<Option<i64>, LexLearningError> {
        while self.packed.is_empty() {
            if self.message.is_empty() {
                return Ok(None);
            }
            match next_field(&mut self.message)? {
                (number, Field::Bytes(bytes)) if number == u64::from(self.number) => self.packed = bytes,
                (number, field) if number == u64::from(self.number) => return field.integer().map(Some),
                _ => {}
            }
        }
        varint(&mut self.packed).map(|value| Some(value.cast_signed()))
    }
}

impl Iterator for Integers<'_> {
    type Item = Result<i64, LexLearningError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(value) = self.next_small() {
            return Some(Ok(value));
        }
        let found = self.find();
        if found.is_err() {
            (self.message, self.packed) = (&[], &[]);
        }
        found.transpose()
    }
}

/// The fields of a message, in the order of the file, each with its number.
#[derive(Debug)]
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Field<'a>), LexLearningError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = next_field(&mut self.0);
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

fn next_field<'a>(bytes: &mut &'a [u8]) -> Result<(u64, Field<'a>), LexLearningError> {
    let key = varint(bytes)?;
    let field = match key & 7 {
        0 => Field::Varint(varint(bytes)?),
        1 => skip(bytes, 8)?,
        2 => {
            let length = usize::try_from(varint(bytes)?).unwrap_or(usize::MAX);
            let (field, rest) = bytes.split_at_checked(length).ok_or_else(|| cut("a field longer than the file"))?;
            *bytes = rest;
            Field::Bytes(field)
        }
        5 => skip(bytes, 4)?,
        kind => return Err(cut(&format!("a field of the unknown wire type {kind}"))),
    };
    Ok((key >> 3, field))
}

fn skip<'a>(bytes: &mut &'a [u8], length: usize) -> Result<Field<'a>, LexLearningError> {
    *bytes = bytes.get(length..).ok_or_else(|| cut("a field longer than the file"))?;
    Ok(Field::Fixed)
}

fn varint(bytes: &mut &[u8]) -> Result<u64, LexLearningError> {
    let (mut value, mut shift) = (0, 0);
    while let [byte, rest @ ..] = *bytes
        && shift < 64
    {
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
        shift += 7;
    }
    Err(cut("a number that does not end"))
}

fn cut(what: &str) -> LexLearningError {
    invalid(&format!("the file holds {what}"))
}
