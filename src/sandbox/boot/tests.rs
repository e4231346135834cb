//! Servers that are shell scripts: what happens to them when their owner ends, they end, or a port is taken.

use super::*;

/// A distribution whose start script notes a child process and stays.
fn idle(cache: &Path) -> Distribution {
    let home = cache.join("dist");
    for folder in ["bin", "lib/quarkus", "conf"] {
        fs::create_dir_all(home.join(folder)).unwrap();
    }
    let script = "sleep 1000 & echo $! > child.part && mv child.part child; echo \"$@\"; wait";
    fs::write(home.join("bin/kc.sh"), script).unwrap();
    Distribution { home, version: "1.2.3".to_owned(), built: None }
}

fn no_java() -> Java {
    Java { program: PathBuf::from("java"), major: 17 }
}

fn options(cache: &Path) -> Options {
    let mut options = Options::of_version("1.2.3").unwrap();
    cache.clone_into(&mut options.cache);
    options
}

fn is_alive(pid: &str) -> bool {
    let state = Command::new("ps").args(["-o", "stat=", "-p", pid.trim()]).output().unwrap();
    let state = String::from_utf8(state.stdout).unwrap();
    !state.trim().is_empty() && !state.starts_with('Z')
}

fn comes_true(what: &dyn Fn() -> bool) -> bool {
    for _ in 0..2_400 {
        if what() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    false
}

#[test]
fn the_end_of_its_owner_ends_the_server_with_its_children_and_its_folder() {
    let cache = tempfile::tempdir().unwrap();
    let distribution = idle(cache.path());
    let folder = Folder::make(cache.path(), &distribution).unwrap();
    folder.fill(&distribution, None).unwrap();
    let (mut processes, port, _) = spawn(&folder, &no_java(), "1g").unwrap();
    let child = folder.path.join("child");
    let log = || fs::read_to_string(folder.log()).unwrap();
    assert!(comes_true(&|| child.exists() && log().contains("start-dev")));
    assert!(log().contains(&format!("--http-port={port}")) && log().contains("--http-host=127.0.0.1"));
    let pid = fs::read_to_string(&child).unwrap();
    assert!(is_alive(&pid));
    // All that a dying process does: its ends of the pipes close.
    drop(processes.leash.take());
    assert!(comes_true(&|| !is_alive(&pid)), "the server's child lives on");
    let _ = processes.server.wait();
    assert!(comes_true(&|| !folder.path.exists()), "the folder is still there");
}

#[test]
fn an_owner_that_dies_before_the_word_leaves_no_server() {
    let mut server =
        Command::new("sh").args(["-c", SERVER, "sh", "/dev/null"]).stdin(Stdio::piped()).spawn().unwrap();
    drop(server.stdin.take());
    assert_eq!(server.wait().unwrap().code(), Some(1));
}

#[tokio::test]
async fn a_server_that_ends_while_booting_is_told_with_the_end_of_its_log() {
    let cache = tempfile::tempdir().unwrap();
    let distribution = idle(cache.path());
    fs::write(distribution.home.join("bin/kc.sh"), "echo out of luck; exit 3").unwrap();
    let error =
        boot(&distribution, &no_java(), &options(cache.path()), &|_| ()).await.unwrap_err().to_string();
    assert_eq!(error, "Keycloak 1.2.3 ended while it was booting; its log ends with\n  out of luck");
    assert!(fs::read_dir(cache.path().join("runs")).unwrap().all(|entry| entry.unwrap().path().is_file()));
}

#[tokio::test]
async fn a_port_that_was_taken_meanwhile_is_tried_again_and_not_for_ever() {
    let cache = tempfile::tempdir().unwrap();
    let distribution = idle(cache.path());
    let tries = cache.path().join("tries");
    let script = format!("echo turn >> '{}'; echo 'Port(s) already bound: 1'", tries.display());
    fs::write(distribution.home.join("bin/kc.sh"), script).unwrap();
    let error = boot(&distribution, &no_java(), &options(cache.path()), &|_| ()).await.unwrap_err();
    assert!(matches!(error, Error::Ended { .. }), "{error}");
    assert_eq!(fs::read_to_string(tries).unwrap().lines().count(), 3);
}
