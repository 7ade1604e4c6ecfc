//! The platforms that a runtime exists for.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Error;

/// An operating system and a processor, under the name that folders and the manifest use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Platform {
    /// `linux-x86_64`
    #[serde(rename = "linux-x86_64")]
    LinuxX86_64,
    /// `linux-aarch64`
    #[serde(rename = "linux-aarch64")]
    LinuxAarch64,
    /// `darwin-x86_64`: macOS on Intel.
    #[serde(rename = "darwin-x86_64")]
    DarwinX86_64,
    /// `darwin-aarch64`: macOS on Apple silicon.
    #[serde(rename = "darwin-aarch64")]
    DarwinAarch64,
    /// `windows-x86_64`
    #[serde(rename = "windows-x86_64")]
    WindowsX86_64,
}

impl Platform {
    /// Every platform, in the manifest's order.
    pub const ALL: [Self; 5] =
        [Self::LinuxX86_64, Self::LinuxAarch64, Self::DarwinX86_64, Self::DarwinAarch64, Self::WindowsX86_64];

    /// The platform that this program was built for.
    ///
    /// # Errors
    ///
    /// [`Error::UnsupportedPlatform`] where no runtime exists for it.
    pub fn host() -> Result<Self, Error> {
        Self::from_target(std::env::consts::OS, std::env::consts::ARCH)
    }

    /// The platform for Cargo's names of an operating system and an architecture, such as `macos` and `aarch64`.
    ///
    /// # Errors
    ///
    /// [`Error::UnsupportedPlatform`] where no runtime exists for it.
    pub fn from_target(operating_system: &str, architecture: &str) -> Result<Self, Error> {
        match (operating_system, architecture) {
            ("linux", "x86_64") => Ok(Self::LinuxX86_64),
            ("linux", "aarch64") => Ok(Self::LinuxAarch64),
            ("macos", "x86_64") => Ok(Self::DarwinX86_64),
            ("macos", "aarch64") => Ok(Self::DarwinAarch64),
            ("windows", "x86_64") => Ok(Self::WindowsX86_64),
            _ => Err(Error::UnsupportedPlatform(format!("{operating_system}-{architecture}"))),
        }
    }

    /// The name, such as `linux-x86_64`.
    pub fn name(self) -> &'static str {
        match self {
            Self::LinuxX86_64 => "linux-x86_64",
            Self::LinuxAarch64 => "linux-aarch64",
            Self::DarwinX86_64 => "darwin-x86_64",
            Self::DarwinAarch64 => "darwin-aarch64",
            Self::WindowsX86_64 => "windows-x86_64",
        }
    }

    /// Where an app keeps its runtime, below its resources: `runtime/python/<name>`.
    pub fn resource_path(self) -> PathBuf {
        Path::new("runtime").join("python").join(self.name())
    }

    pub(crate) fn is_windows(self) -> bool {
        self == Self::WindowsX86_64
    }

    pub(crate) fn is_macos(self) -> bool {
        matches!(self, Self::DarwinX86_64 | Self::DarwinAarch64)
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Platform {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|platform| platform.name() == name)
            .ok_or_else(|| Error::UnsupportedPlatform(name.to_owned()))
    }
}
