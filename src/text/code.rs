//! The codes of notes. A code has one meaning for ever, and a meaning one code: people search for them, and
//! pipelines act on them. `docs/reference/codes.md` is made from this file.

use super::named::named;

named! {
    /// What a note is about; see the page of codes.
    Code;

    // 01: reading files.
    /// The text is not valid YAML or JSON.
    NotYaml = "RW0101",
    /// A key stands twice in one map.
    DuplicateKey = "RW0102",
    /// Nothing here takes a field of this name.
    UnknownField = "RW0103",
    /// A value is not of the form that its place takes: a text for a list, a number that is no number.
    WrongForm = "RW0104",
    /// A part that has to be there is missing.
    Missing = "RW0105",
    /// A YAML tag is not supported, or does not fit its value.
    Tag = "RW0106",
    /// A key of a map is not text.
    KeyNotText = "RW0107",
    /// A document nests too deep, or its anchors expand too far.
    TooDeep = "RW0108",
    /// Keycloak or a later version knows it, this version does not manage it. It is never read and ignored.
    NotInThisVersion = "RW0109",
    /// Keycloak always keeps a value here, so `null` cannot be done.
    CannotUnset = "RW0110",
    /// Two places say different things about one field.
    Disagreement = "RW0111",
    /// A document does not say which realm it is about.
    NoRealm = "RW0112",
    /// A file holds no document.
    EmptyFile = "RW0113",
    /// A file or folder cannot be read.
    Unreadable = "RW0114",
    /// A folder holds no manifests.
    EmptyFolder = "RW0115",
    /// A document is of a kind that does not exist.
    UnknownDocument = "RW0116",
    /// A secret file lies outside of the folders that it may be read from.
    SecretOutside = "RW0117",
    /// The project file names a realm that no manifest is about.
    UnusedRealm = "RW0118",
    /// One thing is said in two ways at once.
    SaidTwice = "RW0119",
    /// A folder of manifests holds the project file of another project, which this run does not read.
    OtherProject = "RW0120",
    /// A file of an older Keycloak is read as Keycloak itself imports it.
    Migrated = "RW0121",
    /// An address pattern names no kind where one has to stand, or ends in a field.
    WrongPatternKind = "RW0122",
    /// An address pattern matches nothing, so it has no effect.
    PatternMatchesNothing = "RW0123",
    /// A manifest is about a realm that the project file does not name.
    RealmNotListed = "RW0124",

    // 02: references.
    /// A reference leads to nothing that the manifests declare or that every realm has.
    UnknownReference = "RW0201",
    /// An object is part of itself, or reached in two ways where Keycloak allows one.
    Circle = "RW0202",
    /// A reference could mean two objects.
    Ambiguous = "RW0203",

    // 03: what Keycloak would refuse or misunderstand, found without a server.
    /// Authorization is declared on a client that cannot have it.
    ImpossibleAuthorization = "RW0301",
    /// A permission names no policies.
    NoPolicies = "RW0302",
    /// A permission covers nothing.
    CoversNothing = "RW0303",
    /// A policy lacks the field that it decides by.
    EmptyPolicy = "RW0304",
    /// Times do not fit together, or are none.
    WrongTime = "RW0305",
    /// The pattern of a regex policy or of a password policy is not a regular expression of Java.
    WrongPattern = "RW0306",
    /// A decision strategy does not work where it stands.
    WrongStrategy = "RW0307",
    /// The default user profile refuses this username.
    WrongUsername = "RW0308",
    /// A permission of owners cannot be declared.
    OwnersPermission = "RW0309",
    /// A policy, a permission or an execution cannot be of this type where it stands.
    WrongType = "RW0310",
    /// The name of a client scope has characters that Keycloak refuses.
    WrongScopeName = "RW0311",
    /// Keycloak turns a switch off while another one is on.
    TurnedOff = "RW0312",
    /// Keycloak drops a value because of what stands beside it.
    Dropped = "RW0313",
    /// A text is longer than what Keycloak stores.
    TooLong = "RW0314",
    /// A URL or a pattern of URLs is none that Keycloak takes.
    WrongUri = "RW0315",
    /// A number is outside of what Keycloak takes, or a text stands for one.
    WrongNumber = "RW0316",
    /// Keycloak refuses a name, or no request can carry it.
    WrongName = "RW0317",
    /// Two objects share a value that only one may have.
    NotUnique = "RW0318",
    /// Values of one object do not go together, and Keycloak refuses every write of it.
    NotTogether = "RW0319",
    /// Something is said that nothing uses: a sub-flow that no execution names, a configuration of none, texts in
    /// a language that the realm does not have.
    Unused = "RW0320",

    // 04: what works, and is hardly meant.
    /// A secret is written in a manifest.
    LiteralSecret = "RW0401",
    /// A user cannot log in, because the profile is incomplete.
    CannotLogIn = "RW0402",
    /// A secret is masked, as exports show it.
    MaskedSecret = "RW0403",
    /// A secret cannot be had from where the manifest says.
    SecretUnresolved = "RW0404",
    /// The logic of a permission has no effect.
    LogicIgnored = "RW0405",
    /// A policy is JavaScript, which cannot be decided here.
    JavaScript = "RW0406",
    /// Authorization needs the service account of its client.
    NeedsServiceAccount = "RW0407",
    /// A placeholder stands where a secret is expected, and would become the secret itself.
    PlaceholderSecret = "RW0408",
    /// A placeholder of another tool is taken as it is written.
    Placeholder = "RW0409",

    // 05: manifests against the server.
    /// A reference leads to nothing, neither in the manifests nor in the realm.
    NotInRealm = "RW0501",
    /// A service account does not exist, and only its client can make it.
    NoServiceAccount = "RW0502",
    /// A reference leads to what this very plan removes.
    RemovedHere = "RW0503",
    /// A reference leads to what this credential may not see.
    CannotBeSeen = "RW0504",
    /// Authorization settings of a client that has no authorization.
    NoAuthorization = "RW0505",
    /// A field is newer than this server, or the field that an object stands in.
    NeedsNewerServer = "RW0506",
    /// An attribute of a user that the user profile of the realm would drop.
    DroppedAttribute = "RW0507",
    /// A policy is of a type that this server does not have.
    PolicyTypeMissing = "RW0508",
    /// Scope mappings of a client or client scope that does not exist.
    MappingsOfNothing = "RW0509",
    /// The user profile of the realm refuses a name or value of a user.
    ProfileRefuses = "RW0510",
    /// A client names a client scope of another protocol, which Keycloak leaves out.
    OtherProtocol = "RW0511",
    /// The default client scopes lack `basic`, without which access tokens have no `sub`.
    NoSubject = "RW0512",
    /// An object would be created beside one whose name differs only in case.
    DiffersInCase = "RW0513",
    /// The server lets nobody change an object.
    CannotChange = "RW0514",
    /// Something names what this server does not have: a theme, a listener, a flow, a type, a feature.
    NotOnServer = "RW0515",
    /// The password policy of the realm refuses a password.
    WeakPassword = "RW0516",
    /// A user of a directory or of another identity provider would become a local one.
    FederatedUser = "RW0517",
    /// Sessions of clients would outlive those of the realm.
    SessionTooLong = "RW0518",
    /// A file has to be on the server, which nobody can see from here.
    FileOnServer = "RW0519",
    /// A manifest declares what only a run makes, to keep resources closed while rules change.
    OursWhileRulesChange = "RW0520",
    /// No order of the changes keeps everybody out meanwhile.
    OpenMeanwhile = "RW0521",
    /// An object and the one that it was formerly are both there, so none is renamed.
    StillThere = "RW0522",
    /// An object would be created in place of one that says the same, which is probably a rename.
    SaysTheSame = "RW0523",
    /// The server has to read an address, and nobody can see from here whether it can.
    ReadByServer = "RW0524",
    /// A client turns off what a declared object stands on, which would go with it.
    GoesWithSwitch = "RW0525",
    /// Changes wait for each other, so that none of them can be sent first.
    WaitForEachOther = "RW0526",

    // 06: access tests.
    /// An access test does not say whose resources it is about, or names no resource server.
    TestServer = "RW0601",
    /// An access test is about a realm that cannot be told, or that is not there.
    TestRealm = "RW0602",
    /// There is no persona of this name.
    UnknownPersona = "RW0603",
    /// A resource of an access test is none.
    UnknownResource = "RW0604",
    /// A scope of an access test is none, or is none of its resource.
    UnknownScope = "RW0605",
    /// Two expectations contradict each other.
    Contradiction = "RW0606",
    /// `via` names nothing that a permit could go through.
    WrongVia = "RW0607",
    /// An expectation expects nothing.
    ExpectsNothing = "RW0608",
    /// `otherwise` is neither DENY nor PERMIT.
    WrongOtherwise = "RW0609",
    /// A persona has a name that means something else.
    ReservedPersona = "RW0610",

    // 07: whose it is, and what may be pruned.
    /// Nothing is pruned, because a realm of the same run is new or refused.
    PruningWaits = "RW0701",
    /// A manifest of the last full apply is there and was not read.
    ManifestNotRead = "RW0702",
    /// The manifests declare hardly anything of what the ledger of their owner lists.
    AnotherTree = "RW0703",
}

#[cfg(test)]
mod tests {
    use super::Code;

    #[test]
    fn codes_are_written_once_and_stand_by_number() {
        let names: Vec<&str> = Code::ALL.iter().map(|it| it.name()).collect();
        assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
        assert!(Code::ALL.iter().all(|it| it.name().len() == 6 && it.meaning().ends_with('.')));
    }
}
