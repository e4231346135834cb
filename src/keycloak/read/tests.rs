use super::*;

#[test]
fn a_read_may_run_on_any_thread() {
    fn is_send<T: Send>(_: &T) {}
    fn check(keycloak: &Keycloak) {
        is_send(&read(keycloak, "demo", &Want::default()));
    }
    let _ = check;
}
