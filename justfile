# What is done often. `just` lists it, `just test` does it.

default:
    @just --list --unsorted

# The main job on a real Keycloak that is fetched for it
demo:
    cargo run -- demo

# All tests; those against a server boot it themselves
test *filter:
    cargo test {{ filter }}

# The tests on a server, of this version of Keycloak instead of the oldest and the newest: `just live 26.4.7 kept::`
live version *filter:
    REALMWRIGHT_TEST_KEYCLOAK={{ version }} cargo test --test live -- {{ filter }}

# The tests that need no server, in a minute or two
quick:
    cargo test --lib --test offline --test plans

# Write anew what small plans and scenarios show; read the difference before you commit it
snapshots *filter:
    SNAPSHOTS=overwrite cargo test --test plans {{ filter }}

# Write schemas and reference pages anew
generated:
    REALMWRIGHT_UPDATE=1 cargo test --lib --test offline

# Everything that a change must pass
ci:
    .ci/run

# Speed, without a server
bench name="plan":
    cargo bench --bench {{ name }}

# Licences and known faults of dependencies
deny:
    cargo deny check
