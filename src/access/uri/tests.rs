//! What servers of both versions answered, by name or `-`; where they differ, 26.7 first, then 26.0.

use super::*;
use crate::kind::OLDEST;

/// A resource and its URIs.
type Resource = (&'static str, &'static [&'static str]);

/// A URI, and the resources that are found for it.
type Row = (&'static str, &'static str);

fn check(resources: &[Resource], rows: &[Row]) {
    let mut all: Vec<Known<'_>> =
        resources.iter().map(|(name, uris)| Known { name, uris: uris.to_vec(), is_own: true }).collect();
    all.sort_by_key(|it| it.name);
    let mut wrong = Vec::new();
    for (uri, expected) in rows {
        let (new, old) = expected.split_once(" | ").unwrap_or((expected, expected));
        for (version, expected) in [(NEWEST, new), (OLDEST, old)] {
            let names = found(&all, uri, version).join(" ");
            let is = if names.is_empty() { "-" } else { &names };
            // The oldest version fails on a pattern that is nothing but braces.
            if is != expected && expected != "500" {
                wrong.push(format!("{uri} on {version}: {is} instead of {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_longest_prefix_wins_and_the_very_uri_before_all() {
    check(
        &[
            ("all", &["/*"]),
            ("eric", &["/eric/*"]),
            ("deep", &["/eric/resource/*"]),
            ("exact", &["/eric/exact"]),
            ("twin1", &["/twin"]),
            ("twin2", &["/twin"]),
            ("many", &["/m1/*", "/m2/x"]),
            ("bare", &["/bare*"]),
            ("root", &["/"]),
        ],
        &[
            ("/", "root"),
            ("/x", "all"),
            ("/eric", "eric"),
            ("/eric/", "eric"),
            ("/eric/notes.txt", "eric"),
            ("/eric/resource", "deep"),
            ("/eric/resource/", "deep"),
            ("/eric/resource/a/b/c", "deep"),
            ("/eric/a/b/c/d/e", "eric"),
            ("/eric/exact", "exact"),
            ("/eric/exact/", "exact | eric"),
            ("/ERIC/x", "all"),
            ("/Eric/Exact", "exact"),
            ("/twin", "twin1 twin2"),
            ("/twin/", "twin2 | all"),
            ("/TWIN", "twin1 twin2"),
            ("/m1/a", "many"),
            ("/m2/x", "many"),
            ("/m2/x/", "many | all"),
            ("/bare", "all"),
            ("/barefoot", "all"),
            ("/bar", "all"),
            ("/ericx", "all"),
            ("eric/x", "-"),
            ("//eric/x", "eric | all"),
            ("/eric//x", "eric"),
            ("/eric/x?y=1", "eric"),
            ("/eric/x#f", "eric"),
            ("/eric/../eric/x", "eric"),
            ("/a/../eric/exact", "exact | all"),
            ("/eric/%65xact", "exact | eric"),
            ("/eric/exact;v=1", "exact | eric"),
            ("/eric/./exact", "exact | eric"),
            ("http://h/eric/x", "-"),
            ("/eric/ex%61ct", "exact | eric"),
            ("/eric/*", "eric"),
            ("/*", "all"),
        ],
    );
}

#[test]
fn endings_cover_any_path_and_other_stars_nothing() {
    check(
        &[
            ("star", &["/a/*/b"]),
            ("jsp", &["/*.jsp"]),
            ("ajsp", &["/a/*.jsp"]),
            ("html", &["*.html"]),
            ("mid", &["/q*z"]),
        ],
        &[
            ("/a/x/b", "-"),
            ("/a/b", "-"),
            ("/a/*/b", "star"),
            ("/x.jsp", "jsp"),
            ("/a/x.jsp", "jsp"),
            ("/b/c/d.jsp", "jsp"),
            ("/.jsp", "jsp"),
            ("x.jsp", "jsp"),
            ("/x.html", "-"),
            ("/x.html5", "-"),
            ("/qz", "-"),
            ("/qxz", "-"),
            ("/q*z", "mid"),
            ("/a/x.jsp/y", "-"),
        ],
    );
}

#[test]
fn names_in_braces_stand_for_one_part() {
    check(
        &[
            ("p", &["/p/{id}"]),
            ("pd", &["/p/{id}/detail"]),
            ("two", &["/t/{a}/{b}"]),
            ("pw", &["/w/{id}/*"]),
            ("fix", &["/p/fixed"]),
            ("pre", &["/x{id}"]),
            ("bare", &["{any}"]),
        ],
        &[
            ("/p/1", "p | 500"),
            ("/p", "- | 500"),
            ("/p/", "- | 500"),
            ("/p/1/", "p | 500"),
            ("/p/1/detail", "pd | 500"),
            ("/p/1/other", "- | 500"),
            ("/p/fixed", "fix"),
            ("/p/{id}", "p"),
            ("/t/1/2", "two | 500"),
            ("/t/1", "- | 500"),
            ("/t/1/2/3", "- | 500"),
            ("/w/1", "pw | 500"),
            ("/w/1/2", "pw | 500"),
            ("/w/1/2/3", "pw | 500"),
            ("/w", "- | 500"),
            ("/x1", "pre | 500"),
            ("/x", "- | 500"),
            ("foo", "bare"),
            ("/foo", "- | 500"),
        ],
    );
}

#[test]
fn braces_and_stars_together() {
    check(
        &[
            ("a", &["/a/{x}"]),
            ("b", &["/a/*"]),
            ("c", &["/a/{x}/*"]),
            ("d", &["/a/{x}/{y}"]),
            ("e", &["/a/b/{y}"]),
        ],
        &[
            ("/a", "b"),
            ("/a/1", "a"),
            ("/a/1/2", "c"),
            ("/a/1/2/3", "c"),
            ("/a/b/2", "e"),
            ("/a/b", "a"),
            ("/a/b/c/d", "c"),
        ],
    );
}

#[test]
fn longer_prefixes_win() {
    check(
        &[("a", &["/x/*"]), ("b", &["/x/y/*"]), ("c", &["/x/y/z/*"]), ("d", &["/*"]), ("e", &["/x/*"])],
        &[
            ("/x/y/z/1", "c"),
            ("/x/y/1", "b"),
            ("/x/1", "e"),
            ("/y", "d"),
            ("/x", "e"),
            ("/x/y", "b"),
            ("/x/y/z", "c"),
            ("/x/y/z/", "c"),
        ],
    );
}

#[test]
fn absolute_addresses_keep_their_host() {
    check(
        &[
            ("abs", &["https://h.example/api/*"]),
            ("abs2", &["https://h.example/api/v1"]),
            ("rel", &["/api/*"]),
            ("urn", &["urn:x:y"]),
        ],
        &[
            ("https://h.example/api/v1", "abs2"),
            ("https://h.example/api/v2", "abs"),
            ("https://h.example/api", "abs"),
            ("http://h.example/api/v2", "-"),
            ("/api/v2", "rel"),
            ("urn:x:y", "urn"),
            ("urn:x:z", "-"),
            ("https://h.example//api/v2", "abs | -"),
        ],
    );
}

#[test]
fn endings_win_over_prefixes() {
    check(
        &[("A1", &["/n/*.js"]), ("A2", &["/n/m/*"]), ("A3", &["/n/*"])],
        &[("/n/m/x.js", "A1"), ("/n/x.js", "A1"), ("/n/m/x", "A2"), ("/o/x.js", "A1")],
    );
}

#[test]
fn the_same_pattern_twice_means_the_last_by_name() {
    check(
        &[("a", &["/k/*"]), ("b", &["/k/*"]), ("c", &["/k/l"]), ("d", &["/K/L"])],
        &[("/k/z", "b"), ("/k/l", "c d"), ("/K/l", "c d"), ("/K/z", "-")],
    );
}

#[test]
fn fewer_braces_win() {
    check(
        &[("l1", &["/v/{a}/c"]), ("l2", &["/v/b/{c}"]), ("l3", &["/v/{a}/{c}"])],
        &[("/v/b/c", "l2"), ("/v/x/c", "l1"), ("/v/b/x", "l2"), ("/v/x/y", "l3")],
    );
}

#[test]
fn braces_before_a_star() {
    check(
        &[("l1", &["/v/{a}/*"]), ("l2", &["/v/*"]), ("l3", &["/v/u/*"])],
        &[
            ("/v", "l2"),
            ("/v/u", "l3"),
            ("/v/u/x", "l3"),
            ("/v/q", "l1"),
            ("/v/q/x", "l1"),
            ("/v/q/x/y", "l1"),
        ],
    );
}

#[test]
fn unusual_characters() {
    check(
        &[("m1", &["/a b/*"]), ("uml", &["/ü/*"]), ("pl", &["/p+q/*"]), ("c", &["/c:d/*"])],
        &[
            ("/a b/x", "- | m1"),
            ("/a%20b/x", "m1 | -"),
            ("/ü/x", "uml"),
            ("/%C3%BC/x", "uml | -"),
            ("/p+q/x", "pl"),
            ("/c:d/x", "c"),
            ("/..", "-"),
            ("/ü/../ü/y", "uml"),
            ("/ü/./", "uml"),
            ("c:d/x", "-"),
            ("/%2e%2e/ü/x", "-"),
            ("/ü/%3bx", "uml"),
            ("/ü%2Fx", "uml | -"),
            ("/%zz", "-"),
            ("/ü/%25", "uml"),
            ("/a\\b", "-"),
            ("/ü/[x]", "- | uml"),
        ],
    );
}

#[test]
fn the_root() {
    check(
        &[("d", &["/*"]), ("e", &["/"])],
        &[("/", "e"), ("/.", "d"), ("/..", "d"), ("/a/..", "d"), ("//", "d"), ("/?x", "d")],
    );
}

#[test]
fn the_root_alone() {
    check(&[("e", &["/"])], &[("/", "e"), ("/x", "-"), ("//", "e | -"), ("/.", "e | -")]);
}
