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
    let mut value = 0;
    for (index, byte) in bytes.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            *bytes = &bytes[index + 1..];
            return Ok(value);
        }
    }
    Err(cut("a number that does not end"))
}

fn cut(what: &str) -> LexLearningError {
    invalid(&format!("the file holds {what}"))
}
