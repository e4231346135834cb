//! The pages themselves.

use super::{Page, Variable};
use crate::run::Exit::{Clean, Command, Failed, NotClean, Partly, Refused};

pub(super) const PAGES: &[Page] = &[
    Page {
        command: "",
        writes: false,
        exits: &[],
        examples: &[
            ("realmwright validate examples/realm-config", "Check manifests, without a server"),
            ("realmwright plan examples/realm-config", "Show what apply would change"),
            ("realmwright apply examples/realm-config", "Show it, ask, and do it"),
            ("realmwright drift examples/realm-config", "Exit 2 when the realm is not as declared"),
            ("realmwright demo", "Show all of it on a Keycloak of its own"),
        ],
    },
    Page {
        command: "access who",
        writes: false,
        exits: &[(Clean, "answered")],
        examples: &[
            ("realmwright access who view \"Premium resource\"", "Who may view a resource, by the manifests"),
            (
                "realmwright access who view /protected/premium/a --server --realm eoepca",
                "Who may on the server, by URI",
            ),
        ],
    },
    Page {
        command: "access can",
        writes: false,
        exits: &[(Clean, "PERMIT"), (NotClean, "an answer is DENY or UNKNOWN")],
        examples: &[
            ("realmwright access can eric view \"Premium resource\"", "Ask about a user"),
            (
                "realmwright access can '{roles: [user-premium], at: 2026-01-05T09:00}' view Archive",
                "Ask about somebody made up, at a time",
            ),
        ],
    },
    Page {
        command: "access why",
        writes: false,
        exits: &[(Clean, "explained")],
        examples: &[
            (
                "realmwright access why alice view \"Premium resource\"",
                "Every permission and policy that counts, and what would be needed",
            ),
            (
                "realmwright access why eric view \"Shared resource\" --format mermaid",
                "The same as a diagram",
            ),
        ],
    },
    Page {
        command: "access matrix",
        writes: false,
        exits: &[(Clean, "answered")],
        examples: &[
            ("realmwright access matrix --client demo", "Every decision for the declared users"),
            ("realmwright access matrix --client demo --synthetic --format csv", "For roles and groups, too"),
            ("realmwright access matrix --client demo --format html > page.html", "A page to look at"),
        ],
    },
    Page {
        command: "access diff",
        writes: false,
        exits: &[(Clean, "nobody gains or loses anything"), (NotClean, "somebody does")],
        examples: &[
            ("realmwright access diff HEAD~1", "What the last commit changed"),
            ("realmwright access diff before.json after.json", "Between two exports"),
        ],
    },
    Page {
        command: "validate",
        writes: false,
        exits: &[(Clean, "no errors"), (Failed, "the manifests have errors, or cannot be read")],
        examples: &[
            ("realmwright validate", "The manifests of realmwright.yaml"),
            ("realmwright validate realm.yaml export.json", "Some files"),
            ("realmwright validate --format json", "For other programs"),
        ],
    },
    Page {
        command: "plan",
        writes: false,
        exits: &[
            (Clean, "planned, whatever it found"),
            (NotClean, "with --detailed-exitcode: there is something to do"),
            (Refused, "with --detailed-exitcode: apply would refuse"),
        ],
        examples: &[
            ("realmwright plan", "What apply would do with the manifests of realmwright.yaml"),
            (
                "realmwright plan --prune --detailed-exitcode",
                "For a pipeline; deletes what nobody declares any more",
            ),
            (
                "realmwright plan --only 'client/demo/**' --access all-users",
                "One client, and what it means for everybody",
            ),
        ],
    },
    Page {
        command: "apply",
        writes: true,
        exits: &[
            (Clean, "the realm is as declared, but for what is held back"),
            (Failed, "could not do it; nothing was written"),
            (Refused, "refused; nothing was written"),
            (Partly, "some of it was written"),
        ],
        examples: &[
            ("realmwright apply", "Show, ask, do"),
            (
                "realmwright apply --auto-approve --allow hazards=1",
                "In a pipeline, with consent to one side effect",
            ),
            ("realmwright apply --lock-timeout 120 --concurrency 2", "Wait for another run, and be gentle"),
        ],
    },
    Page {
        command: "drift",
        writes: false,
        exits: &[(Clean, "as declared"), (NotClean, "not as declared")],
        examples: &[
            ("realmwright drift", "How the realm differs from the manifests"),
            ("realmwright drift --env prod --format json", "Of an environment, for other programs"),
        ],
    },
    Page {
        command: "test",
        writes: false,
        exits: &[(Clean, "all cases pass"), (NotClean, "a case fails, or too little is tested")],
        examples: &[
            ("realmwright test", "Ask the manifests"),
            ("realmwright test --server --oracle token", "Ask the server, with real tokens"),
            ("realmwright test --strict --min-coverage 80 --report junit=access.xml", "In a pipeline"),
        ],
    },
    Page {
        command: "unlock",
        writes: true,
        exits: &[(Clean, "the lock is gone, or nobody holds one")],
        examples: &[(
            "realmwright unlock --realm eoepca --run 3f2a9c1b7d40",
            "The run is named by what it refuses",
        )],
    },
    Page {
        command: "demo",
        writes: true,
        exits: &[(Clean, "everything went as told")],
        examples: &[
            ("realmwright demo", "Takes a minute, and leaves nothing"),
            ("realmwright demo --keep", "Leaves the server up to look at"),
        ],
    },
    Page {
        command: "sandbox up",
        writes: true,
        exits: &[(Clean, "with --detach: it is up")],
        examples: &[
            ("realmwright sandbox up", "Up until Ctrl-C"),
            (". \"$(realmwright sandbox up --detach)\"", "In the background, for this shell"),
            ("realmwright sandbox up --keycloak 26.0.8", "Another version"),
        ],
    },
    Page {
        command: "sandbox down",
        writes: true,
        exits: &[(Clean, "they are ended")],
        examples: &[("realmwright sandbox down", "Ends all detached ones")],
    },
    Page {
        command: "sandbox status",
        writes: false,
        exits: &[(Clean, "listed")],
        examples: &[("realmwright sandbox status --format json", "Which run, where")],
    },
    Page {
        command: "sandbox run",
        writes: true,
        exits: &[(Command(0), "the command's own code"), (Failed, "no server, or the command's own code")],
        examples: &[(
            "realmwright sandbox run -- ./test.sh",
            "The script finds the server in REALMWRIGHT_SERVER",
        )],
    },
    Page {
        command: "login",
        writes: true,
        exits: &[(Clean, "logged in")],
        examples: &[
            ("realmwright login --server https://sso.example.org", "In this machine's browser"),
            ("realmwright login --realm eoepca --device", "On a phone"),
        ],
    },
    Page {
        command: "logout",
        writes: true,
        exits: &[
            (Clean, "ended, or there was none"),
            (Failed, "forgotten here, but perhaps alive on the server"),
        ],
        examples: &[("realmwright logout --all", "Every login to this server")],
    },
    Page {
        command: "token login",
        writes: false,
        exits: &[(Clean, "printed")],
        examples: &[(
            "curl -H \"Authorization: Bearer $(realmwright token login)\" https://sso.example.org/admin/realms",
            "The token of `realmwright login`, renewed when needed",
        )],
    },
    Page {
        command: "token user",
        writes: false,
        exits: &[(Clean, "printed")],
        examples: &[(
            "realmwright token user eric --client demo --password-env ERIC_PASSWORD",
            "Through a client that takes passwords",
        )],
    },
    Page {
        command: "token service-account",
        writes: false,
        exits: &[(Clean, "printed")],
        examples: &[(
            "realmwright token service-account demo --client-secret-file secret.txt",
            "For a resource server, its PAT",
        )],
    },
    Page {
        command: "token ticket",
        writes: false,
        exits: &[(Clean, "printed")],
        examples: &[(
            "realmwright token ticket --client demo --resource '/eric/*#view' > ticket",
            "As a resource server gives it to who may not come in",
        )],
    },
    Page {
        command: "token rpt",
        writes: false,
        exits: &[(Clean, "permitted: the token is printed"), (NotClean, "the policies deny it")],
        examples: &[
            (
                "realmwright token rpt --ticket ticket --user eric --client demo --password-env ERIC_PASSWORD",
                "What a ticket buys a user",
            ),
            (
                "realmwright token rpt --audience demo --permission /protected/premium/a#view --token-file token",
                "One permission, by the URI of its resource",
            ),
        ],
    },
    Page {
        command: "token exchange",
        writes: false,
        exits: &[(Clean, "printed")],
        examples: &[(
            "realmwright token exchange --client demo --audience demo-app --token-file token",
            "For another audience",
        )],
    },
    Page {
        command: "token inspect",
        writes: false,
        exits: &[(Clean, "valid"), (Failed, "expired, not verified, or no token")],
        examples: &[
            ("realmwright token user eric --client demo | realmwright token inspect", "From stdin"),
            ("realmwright token inspect answer.json --offline", "The JSON of another command, unverified"),
        ],
    },
    Page {
        command: "doctor",
        writes: false,
        exits: &[
            (Clean, "the login may do what plan needs"),
            (Failed, "it may not, or there is no such realm"),
        ],
        examples: &[("realmwright doctor --realm eoepca", "Whether a run would get through")],
    },
    Page {
        command: "get",
        writes: false,
        exits: &[(Clean, "shown, also where nothing is called so"), (Failed, "it could not be read")],
        examples: &[
            ("realmwright get --realm eoepca 'client/demo/authz/**'", "What a client protects, and by what"),
            ("realmwright get --realm eoepca user/eric --format yaml", "All of one user, as a manifest"),
        ],
    },
    Page {
        command: "export",
        writes: false,
        exits: &[(Clean, "written"), (Failed, "the realm could not be read, or a file not be written")],
        examples: &[
            (
                "realmwright export --realm eoepca --out eoepca",
                "A realm into a new folder, without its users",
            ),
            ("realmwright export --realm eoepca --only client/demo --stdout", "One client, as one manifest"),
        ],
    },
    Page {
        command: "schema",
        writes: false,
        exits: &[(Clean, "printed")],
        examples: &[(
            "realmwright schema manifest > manifest.json",
            "For an editor that checks while you type",
        )],
    },
    Page {
        command: "completions",
        writes: false,
        exits: &[(Clean, "printed, or written")],
        examples: &[
            (
                "realmwright completions bash > ~/.local/share/bash-completion/completions/realmwright",
                "For bash",
            ),
            ("realmwright completions man --out man1", "A man page per command"),
        ],
    },
];

const SERVER: &[&str] = &["server"];
const LOGIN: &[&str] = &["auth_realm"];
const CLIENT: &[&str] = &["auth_realm", "client_secret_env"];

pub(super) const VARIABLES: &[Variable] = &[
    Variable {
        name: "REALMWRIGHT_SERVER",
        means: "Base URL of Keycloak, where --server does not name one.",
        with: SERVER,
    },
    Variable {
        name: "REALMWRIGHT_ALLOWED_SERVERS",
        means: "The only servers that commands may talk to; others are refused (3).",
        with: SERVER,
    },
    Variable {
        name: "REALMWRIGHT_AUTH_REALM",
        means: "The realm of the login.",
        with: &["auth_realm", "device", "all"],
    },
    Variable { name: "REALMWRIGHT_USER", means: "The user of the login.", with: LOGIN },
    Variable { name: "REALMWRIGHT_PASSWORD", means: "The user's password.", with: LOGIN },
    Variable { name: "REALMWRIGHT_PASSWORD_FILE", means: "A file with the user's password.", with: LOGIN },
    Variable { name: "REALMWRIGHT_CLIENT_ID", means: "The client of the login.", with: LOGIN },
    Variable { name: "REALMWRIGHT_CLIENT_SECRET", means: "The client's secret.", with: CLIENT },
    Variable {
        name: "REALMWRIGHT_CLIENT_SECRET_FILE",
        means: "A file with the client's secret.",
        with: CLIENT,
    },
    Variable {
        name: "REALMWRIGHT_CLIENT_KEY_FILE",
        means: "A file with the private key that the client signs its login with, PEM.",
        with: CLIENT,
    },
    Variable {
        name: "REALMWRIGHT_TOKEN_FILE",
        means: "A file with an access token, used as it is.",
        with: LOGIN,
    },
    Variable {
        name: "REALMWRIGHT_USER_PASSWORD",
        means: "The password of the user whose token is asked for.",
        with: &["password_env"],
    },
    Variable {
        name: "REALMWRIGHT_STATE_DIR",
        means: "Where logins are stored, in place of the user's state folder.",
        with: &["auth_realm", "device", "all", "stored_client"],
    },
    Variable {
        name: "REALMWRIGHT_ALLOW_HTTP",
        means: "`true` sends secrets over plain http to another machine, too.",
        with: SERVER,
    },
    Variable {
        name: "REALMWRIGHT_MAX_ANSWER_MB",
        means: "How many megabytes one answer of the server may have.",
        with: SERVER,
    },
    Variable {
        name: "REALMWRIGHT_MAX_MANIFEST_MB",
        means: "How many megabytes one manifest may have.",
        with: &["max_manifest_mb"],
    },
    Variable {
        name: "REALMWRIGHT_CACHE_DIR",
        means: "Where Keycloaks are kept, in place of the user's cache folder.",
        with: &["cache_dir", "keep"],
    },
    Variable {
        name: "REALMWRIGHT_DOWNLOAD_BASE",
        means: "A mirror of Keycloak's releases.",
        with: &["download_base", "keep"],
    },
    Variable {
        name: "JAVA_HOME",
        means: "The Java that runs Keycloak; without it, that of PATH.",
        with: &["dist"],
    },
    Variable {
        name: "HTTPS_PROXY",
        means: "A proxy; also HTTP_PROXY, ALL_PROXY and NO_PROXY.",
        with: SERVER,
    },
    Variable {
        name: "CI",
        means: "When set, nobody is asked anything.",
        with: &["auto_approve", "auth_realm"],
    },
    Variable {
        name: "NO_COLOR",
        means: "When set, output has no color; CLICOLOR_FORCE forces it.",
        with: &[],
    },
];
