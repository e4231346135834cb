use super::super::load::load_texts;
use super::super::project::Project;
use super::{hide_secrets, secrets};
use crate::text::Files;

/// Returns the text as it is shown.
fn shown(text: &str) -> String {
    let mut files = Files::default();
    let file = files.add("a.yaml", text);
    hide_secrets(&mut files, file, text);
    files.excerpt(file, 0..text.len()).expect("all of the file").text
}

#[test]
fn a_value_is_hidden_in_every_style() {
    for (text, is) in [
        ("secret: hush", "secret: ********"),
        ("- secret: hush # why\n  x: 1", "- secret: ********\n  x: 1"),
        ("secret: \"hush\"\nx: 1", "secret: ********\nx: 1"),
        ("{secret: hush, x: 1}", "{secret: ********, x: 1}"),
        ("{secret: hush,x: 1}\n", "{secret: ********}\n"),
        ("{\"secret\": \"hush\", \"x\": 1}", "{\"secret\": ********, \"x\": 1}"),
        ("{\"secret\":\"hu\\\"sh\",\"x\":1}", "{\"secret\":********,\"x\":1}"),
        ("{'secret' : 'hu''sh', x: 1}", "{'secret' : ********, x: 1}"),
        ("secret: |\n  hush\n\n  hush\nx: 1", "secret: |\n  ********\n\n  ********\nx: 1"),
        ("- secret: >-\n    hush\n  x: 1", "- secret: >-\n    ********\n  x: 1"),
        ("secret: hush\n  hush\nx: 1", "secret: ********\n  ********\nx: 1"),
        ("secret:\n  hush\nx: 1", "secret:\n  ********\nx: 1"),
        ("secret: # why\n\n  \"hush\"\nx: 1", "secret: # why\n\n  ********\nx: 1"),
        ("secret: !!str hush", "secret: !!str ********"),
        ("secret: &a hush", "secret: &a ********"),
        ("x: &a hush\nsecret: *a", "x: &a ********\nsecret: ********"),
        ("? secret\n: hush", "? secret\n: ********"),
        ("{bindCredential: [hush], x: 1}", "{bindCredential: [********], x: 1}"),
        ("bindCredential:\n- hush\nx: 1", "bindCredential:\n- ********\nx: 1"),
        ("bindCredential:\n  - hush\n  - hush\nx: 1", "bindCredential:\n  - ********\n  - ********\nx: 1"),
        ("\"secretData\": \"{\\\"value\\\": 1}\",\nx", "\"secretData\": ********,\nx"),
        ("secret: {fromEnv: NAME}\nx: 1", "secret: {fromEnv: NAME}\nx: 1"),
        ("secret:\n  fromEnv: NAME\nx: 1", "secret:\n  fromEnv: NAME\nx: 1"),
        ("{secret: {fromEnv: A}, password: hush, x: 1}", "{secret: {fromEnv: A}, password: ********, x: 1}"),
        (
            "secret:\n  {fromEnv: A}\nx: 1\npassword: hush, z",
            "secret:\n  {fromEnv: A}\nx: 1\npassword: ********",
        ),
        (
            "{bindCredential: [{fromEnv: A, version: x}], x: 1}",
            "{bindCredential: [{fromEnv: A, version: x}], x: 1}",
        ),
        (
            "bindCredential: [ {fromFile: a/b} ]\npassword: hush, z",
            "bindCredential: [ {fromFile: a/b} ]\npassword: ********",
        ),
        (
            "bindCredential:\n  [{fromEnv: A}]\npassword: hush, z",
            "bindCredential:\n  [{fromEnv: A}]\npassword: ********",
        ),
        (
            "{\"bindCredential\":[{\"fromEnv\":\"A\"}],\"x\":1}",
            "{\"bindCredential\":[{\"fromEnv\":\"A\"}],\"x\":1}",
        ),
        (
            "{bindCredential: [{fromEnv: A}, hush], password: hush}",
            "{bindCredential: [{fromEnv: A}, ********], password: ********}",
        ),
        ("{bindCredential: [hush, {fromEnv: A}], x: 1}", "{bindCredential: [********], x: 1}"),
        ("{bindCredential: [{hush: hush}], x: 1}", "{bindCredential: [********], x: 1}"),
        ("bindCredential: ['from: hush']\nx: 1", "bindCredential: [********]\nx: 1"),
        (
            "bindCredential:\n- fromEnv: A\n  version: x\nx: 1",
            "bindCredential:\n- fromEnv: A\n  version: x\nx: 1",
        ),
        (
            "bindCredential:\n- version: x\n  'fromEnv': A\n- hush\n",
            "bindCredential:\n- version: x\n  'fromEnv': A\n- ********\n",
        ),
        ("bindCredential:\n- {fromSops: a, key: b}\nx: 1", "bindCredential:\n- {fromSops: a, key: b}\nx: 1"),
        (
            "bindCredential:\n- {fromEnv: A,\n   version: x}\nx: 1",
            "bindCredential:\n- {fromEnv: A,\n   version: x}\nx: 1",
        ),
        ("bindCredential:\n- hush\n  version: hush\nx: 1", "bindCredential:\n- ********\n  ********\nx: 1"),
        ("bindCredential:\n- |\n  fromEnv: hush\nx: 1", "bindCredential:\n- ********\n  ********\nx: 1"),
        ("bindCredential:\n- from:hush\nx: 1", "bindCredential:\n- ********\nx: 1"),
        (
            "bindCredential:\n- fromEnv: A\n  hush\n  version: hush\nx: 1",
            "bindCredential:\n- fromEnv: A\n  ********\n  ********\nx: 1",
        ),
        ("x: secret\ny: [password, z]\n", "x: secret\ny: [password, z]\n"),
        ("passwordPolicy: length(8)", "passwordPolicy: length(8)"),
    ] {
        assert_eq!(shown(text), is, "{text}");
    }
}

#[test]
fn a_value_is_hidden_where_the_text_is_broken() {
    for (text, is) in [
        ("{\"secret\": \"hush\" \"x\": 1, \"y\": 2}", "{\"secret\": ********, \"y\": 2}"),
        ("{\"secret\" \"hush\", \"x\": 1}", "{\"secret\" ********, \"x\": 1}"),
        ("{\"secret\": \"hush\"hush\", \"x\": 1}", "{\"secret\": ********, \"x\": 1}"),
        ("{\"secret\": hush: [}", "{\"secret\": ********}"),
        ("secret = hush", "secret = ********"),
        ("secret:hush", "secret:********"),
        ("secret: \"hush\" hush", "secret: ********"),
        ("secret: \"hush\nx: 1", "secret: ********\n********"),
        ("bindCredential:\n- {fromEnv: A} hush\nx: 1", "bindCredential:\n- {fromEnv: A}********\nx: 1"),
        ("bindCredential: [{fromEnv: A} hush]\nx: 1", "bindCredential: [{fromEnv: A} ********]\nx: 1"),
        ("bindCredential: [{fromEnv: A\nx: 1", "bindCredential: [{fromEnv: A\n********"),
        ("bindCredential: [\n  hush,\n  hush\n", "bindCredential: [\n  ********\n********\n"),
        ("secret: |\nhush\nx: 1", "secret: |\n********\nx: 1"),
        ("secret: | hush\nx: 1", "secret: ********\nx: 1"),
        ("  secret: |\n\thush\n  x: 1", "  secret: |\n\t********\n  x: 1"),
        ("a: [1\n---\nsecret: hush, hush\n", "a: [1\n---\nsecret: ********\n"),
    ] {
        assert_eq!(shown(text), is, "{text}");
    }
}

#[test]
fn no_message_shows_a_secret() {
    for text in [
        "{\"clientId\": \"a\", \"secret\": \"hush1\", \"secret\": \"hush2\"}",
        "clients: [{clientId: a, secret: hush}]\nclients: [{clientId: a, secret: hush}]",
        "identityProviders: [{alias: a, config: {clientSecret: hush}, x: 1, x: 2}]",
        "components: [{name: a, config: {bindCredential: [hush], privateKey: [hush]}, x: 1, x: 2}]",
        "smtpServer: {password: hush, x: 1, x: 2}",
        "users: [{username: a, credentials: [{type: password, value: hush, secretData: hush, x: 1, x: 2}]}]",
        "users: [{username: a, credentials: [{hashedSaltedValue: hush, salt: hush}], x: 1, x: 2}]",
        "clients: [{clientId: a, registrationAccessToken: hush, x: 1, x: 2}]",
        "clients: [{clientId: a, attributes: {client.secret.rotated: hush}, x: 1, x: 2}]",
        "{\"secret\": \"hush\" \"x\": 1}",
        "clients: [{clientId: a, secret: hush: [}",
        "clients:\n  - clientId: a\n    secret: *hush",
        "clients:\n  - clientId: a\n    secret: * hush",
        "clients:\n  - clientId: a\n    secret: !hush\n",
        "clients:\n  - clientId: a\n    secret: @hush\n",
        "clients:\n  - clientId: a\n    secret: \"\\hush\"\n",
    ] {
        let text = if text.starts_with('{') { text.to_owned() } else { format!("realm: r\n{text}\n") };
        let loaded = load_texts(&[("a.yaml", &text)], &Project::default());
        // What a message shows of the text, and says itself.
        let shown = loaded.files.excerpt(0, 0..text.len()).expect("all of the file").text;
        let said = format!("{:?}", loaded.notes);
        assert!(
            !loaded.notes.is_empty() && !shown.contains("hush") && !said.contains("hush"),
            "{text}: {shown} {said}"
        );
    }
}

#[test]
fn long_texts_take_no_long_time() {
    for text in [
        "secret: ",
        "secret: x, ",
        "{secret: x, ",
        "\"secret\" \"",
        "secret: [",
        "{secret: &a *",
        "'secret': 'x' ",
    ] {
        secrets(&text.repeat(100_000));
    }
}

proptest::proptest! {
    #[test]
    fn any_text_is_taken(
        parts in proptest::collection::vec(proptest::sample::select(vec![
            "secret", "value", ":", " ", ": ", "=", "[", "]", "{", "}", ",", "\n", "\n  ", "\n- ", "\r\n", "\t", "&x ", "*x", "|", ">",
            "'", "\"", "\\", "#", " #", "---\n", "!t ", "é", "\u{a0}", "\u{2028}", "a",
        ]), 0..40)
    ) {
        shown(&parts.concat());
    }
}
