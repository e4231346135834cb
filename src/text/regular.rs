//! Reading a file of limited length: whatever is named like a manifest may be a pipe, a device, or endless.

use std::fs::{FileType, Metadata};
use std::io::{self, Read as _};
use std::path::Path;

/// How many bytes a manifest may have, unless somebody says otherwise.
pub const LARGEST_FILE: u64 = 256 << 20;

/// Returns the bytes of a regular file, links followed.
///
/// Everything else is an error before it is opened, since opening a pipe waits until somebody writes to it. So is a
/// file of more than `most` bytes, whatever its length was when it was opened.
pub fn read_regular(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let regular = |about: &Metadata| match not_regular(about.file_type()) {
        Some(what) => Err(io::Error::other(format!("it is {what}, not a file"))),
        None => Ok(()),
    };
    regular(&std::fs::metadata(path)?)?;
    let file = std::fs::File::open(path)?;
    regular(&file.metadata()?)?;
    let mut bytes = Vec::new();
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it is longer than {}", size(most))));
    }
    Ok(bytes)
}

/// Returns what something is in place of a regular file; nothing where it is one.
pub fn not_regular(kind: FileType) -> Option<&'static str> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;
        let special = [
            (kind.is_fifo(), "a pipe"),
            (kind.is_socket(), "a socket"),
            (kind.is_block_device() || kind.is_char_device(), "a device"),
        ];
        if let Some((_, what)) = special.iter().find(|it| it.0) {
            return Some(what);
        }
    }
    kind.is_dir().then_some("a folder")
}

/// Returns a number of bytes in words.
pub fn size(bytes: u64) -> String {
    if bytes >= 1 << 20 { format!("{} MB", bytes >> 20) } else { format!("{bytes} bytes") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regular_files_of_a_bearable_length_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("a.yaml"), "realm: a").unwrap();
        std::os::unix::fs::symlink(at("a.yaml"), at("link.yaml")).unwrap();
        std::os::unix::fs::symlink(at("nowhere"), at("dangling.yaml")).unwrap();
        std::os::unix::fs::symlink("/dev/zero", at("device.yaml")).unwrap();
        std::fs::create_dir(at("folder.yaml")).unwrap();
        let made = std::process::Command::new("mkfifo").arg(at("pipe.yaml")).status();
        let _socket = std::os::unix::net::UnixListener::bind(at("socket.yaml")).unwrap();
        let read = |name: &str, most| {
            let read = read_regular(&at(name), most);
            read.map(|it| String::from_utf8(it).unwrap()).map_err(|it| it.to_string())
        };
        assert_eq!(read("a.yaml", 8), Ok("realm: a".to_owned()));
        assert_eq!(read("link.yaml", 8), Ok("realm: a".to_owned()));
        assert_eq!(read("a.yaml", 7), Err("it is longer than 7 bytes".to_owned()));
        assert_eq!(read("folder.yaml", 8), Err("it is a folder, not a file".to_owned()));
        assert_eq!(read("device.yaml", 8), Err("it is a device, not a file".to_owned()));
        assert_eq!(read("socket.yaml", 8), Err("it is a socket, not a file".to_owned()));
        assert!(read("dangling.yaml", 8).is_err());
        if made.is_ok_and(|it| it.success()) {
            assert_eq!(read("pipe.yaml", 8), Err("it is a pipe, not a file".to_owned()));
        }
        // Says that it has no bytes, and has.
        assert!(read_regular(Path::new("/proc/self/status"), 1 << 20).is_ok_and(|it| !it.is_empty()));
    }

    #[test]
    fn lengths_are_told_in_megabytes() {
        assert_eq!((size(LARGEST_FILE), size(3)), ("256 MB".to_owned(), "3 bytes".to_owned()));
    }
}
