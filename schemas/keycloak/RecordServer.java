// Records what a running Keycloak puts into a new realm, and what it makes of a minimal POST of each kind.
//
//   KEYCLOAK_USER=admin KEYCLOAK_PASSWORD=... java -cp "DIST/lib/lib/main/*:DIST/lib/lib/boot/*" \
//       schemas/keycloak/RecordServer.java http://127.0.0.1:8080 schemas/keycloak/26.7 [REALM]
//
// It creates REALM (`fresh-realm` unless named, which must not exist and whose name must occur nowhere else), writes
// fresh-realm.json and create-defaults.json and deletes the realm. Whatever differs from one realm to the next is
// taken out or replaced by a placeholder, so that two runs on realms of different names write the same bytes.
// README.md beside this file describes the format.

import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

public class RecordServer {
    /** Fields that hold an id, a time, a generated secret, or what the reader may do: never the same twice. */
    static final Set<String> VOLATILE = Set.of("id", "_id", "internalId", "containerId", "parentId", "flowId",
            "createdTimestamp", "createdDate", "secret", "client.secret.creation.time", "access",
            "saml.signing.certificate", "saml.signing.private.key");

    /** Lists whose order means something; any other list is sorted. */
    static final Set<String> ORDERED = Set.of("authenticationExecutions", "attributes",
            "webAuthnPolicySignatureAlgorithms", "webAuthnPolicyPasswordlessSignatureAlgorithms");

    /** What names an object in a list, the most telling first. */
    static final List<String> KEYS = List.of("clientId", "alias", "username", "name", "clientScope", "client");

    static final Pattern ID = Pattern.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");
    static final ObjectMapper JSON = new ObjectMapper();
    static final HttpClient HTTP = HttpClient.newHttpClient();

    final String server;
    final String realm;
    final Map<String, Object> defaults = new TreeMap<>();

    RecordServer(String server, String realm) {
        this.server = server;
        this.realm = realm;
    }

    public static void main(String[] args) throws Exception {
        if (args.length < 2 || args.length > 3) {
            System.err.println("usage: java -cp ... RecordServer.java SERVER OUT_DIR [REALM]");
            System.exit(64);
        }
        var record = new RecordServer(args[0], args.length == 3 ? args[2] : "fresh-realm");
        Path out = Path.of(args[1]);
        Files.createDirectories(out);
        Answer made = record.send("POST", "", Map.of("realm", record.realm, "enabled", true));
        if (made.status != 201) throw new IllegalStateException("realm " + record.realm + ": " + made);
        try {
            Files.writeString(out.resolve("fresh-realm.json"), text(record.export(), "") + "\n");
            record.everyKind();
            Files.writeString(out.resolve("create-defaults.json"), text(record.defaults, "") + "\n");
            Files.writeString(out.resolve("server-info.json"), text(record.serverInfo(), "") + "\n");
        } finally {
            System.err.println("realm deleted: " + record.send("DELETE", "/" + record.realm, null).status);
        }
    }

    void everyKind() throws Exception {
        record("user-profile", null, "users/profile");
        record("events-config", null, "events/config");
        post("realm-role", "roles", "roles/recorded", Map.of("name", "recorded"));
        String role = id("roles/recorded");
        String group = post("group", "groups", "groups/{}", Map.of("name", "recorded"));
        post("group/child", "groups/" + group + "/children", "groups/{}", Map.of("name", "child"));
        String user = post("user", "users", "users/{}?userProfileMetadata=false", Map.of("username", "recorded"));
        record("user/realmRoles", null, "users/" + user + "/role-mappings/realm");
        record("user/credentials", null, "users/" + user + "/credentials");
        String scope = post("client-scope/without-protocol", "client-scopes", "client-scopes/{}", Map.of("name", "bare"));
        scope = post("client-scope", "client-scopes", "client-scopes/{}",
                Map.of("name", "recorded", "protocol", "openid-connect"));
        String client = post("client", "clients", "clients/{}", Map.of("clientId", "recorded"));
        post("client-role", "clients/" + client + "/roles", "clients/" + client + "/roles/recorded",
                Map.of("name", "recorded"));
        for (String mapper : List.of("oidc-usermodel-attribute-mapper", "oidc-hardcoded-claim-mapper",
                "oidc-audience-mapper", "oidc-group-membership-mapper")) {
            for (String parent : List.of("clients/" + client, "client-scopes/" + scope)) {
                String kind = parent.startsWith("clients/") ? "mapper/" : "client-scope-mapper/";
                post(kind + mapper, parent + "/protocol-mappers/models", parent + "/protocol-mappers/models/{}",
                        Map.of("name", mapper, "protocol", "openid-connect", "protocolMapper", mapper));
            }
        }
        post("mapper/access-token-only", "clients/" + client + "/protocol-mappers/models",
                "clients/" + client + "/protocol-mappers/models/{}", Map.of("name", "access", "protocol",
                "openid-connect", "protocolMapper", "oidc-hardcoded-claim-mapper",
                "config", Map.of("access.token.claim", "true")));
        post("client/public", "clients", "clients/{}", Map.of("clientId", "recorded-public", "publicClient", true));
        post("client/bearer-only", "clients", "clients/{}", Map.of("clientId", "recorded-bearer", "bearerOnly", true));
        post("client/saml", "clients", "clients/{}", Map.of("clientId", "recorded-saml", "protocol", "saml"));
        String accounts = post("client/service-accounts", "clients", "clients/{}",
                Map.of("clientId", "recorded-accounts", "serviceAccountsEnabled", true));
        record("client/service-accounts/user", null, "clients/" + accounts + "/service-account-user");
        authorization(role, group, user, client, scope);
        String provider = post("identity-provider", "identity-provider/instances",
                "identity-provider/instances/recorded", Map.of("alias", "recorded", "providerId", "oidc", "config",
                Map.of("authorizationUrl", "https://idp.example.org/auth", "tokenUrl", "https://idp.example.org/token",
                        "clientId", "recorded")));
        post("identity-provider-mapper", "identity-provider/instances/recorded/mappers",
                "identity-provider/instances/recorded/mappers/{}", Map.of("name", "recorded", "identityProviderAlias",
                "recorded", "identityProviderMapper", "hardcoded-attribute-idp-mapper"));
        String identities = "users/" + user + "/federated-identity";
        post("federated-identity", identities + "/recorded", identities, Map.of("userId", "1", "userName", "recorded"));
        String flow = post("flow", "authentication/flows", "authentication/flows/{}",
                Map.of("alias", "recorded", "providerId", "basic-flow", "topLevel", true));
        String execution = post("flow/execution", "authentication/flows/recorded/executions/execution",
                "authentication/executions/{}", Map.of("provider", "identity-provider-redirector"));
        post("flow/execution/config", "authentication/executions/" + execution + "/config", "authentication/config/{}",
                Map.of("alias", "recorded"));
        post("flow/subflow", "authentication/flows/recorded/executions/flow", "authentication/flows/{}",
                Map.of("alias", "recorded forms", "type", "basic-flow"));
        post("component/keys", "components", "components/{}", Map.of("name", "recorded", "providerId", "rsa-generated",
                "providerType", "org.keycloak.keys.KeyProvider"));
        send("DELETE", "/" + realm + "/authentication/required-actions/TERMS_AND_CONDITIONS", null);
        send("POST", "/" + realm + "/authentication/register-required-action",
                Map.of("providerId", "TERMS_AND_CONDITIONS", "name", "recorded"));
        record("required-action", null, "authentication/required-actions/TERMS_AND_CONDITIONS");
        Map<String, Object> ldap = new TreeMap<>();
        for (String it : List.of("vendor other", "connectionUrl ldap://127.0.0.1:1", "usersDn ou=people", "bindDn cn=admin",
                "bindCredential x", "authType simple", "usernameLDAPAttribute uid", "rdnLDAPAttribute uid",
                "uuidLDAPAttribute entryUUID", "userObjectClasses inetOrgPerson", "editMode READ_ONLY", "enabled false")) {
            ldap.put(it.split(" ")[0], List.of(it.split(" ")[1]));
        }
        post("component/ldap", "components", "components/{}", Map.of("name", "ldap", "providerId", "ldap",
                "providerType", "org.keycloak.storage.UserStorageProvider", "config", ldap));
        send("PUT", "/" + realm, Map.of("organizationsEnabled", true));
        post("organization", "organizations", "organizations/{}",
                Map.of("name", "recorded", "domains", List.of(Map.of("name", "example.org"))));
        post("workflow", "workflows", "workflows/{}",
                Map.of("name", "recorded", "steps", List.of(Map.of("uses", "notify-user"))));
        change("realm/admin-permissions", Map.of("adminPermissionsEnabled", true));
    }

    void authorization(String role, String group, String user, String client, String scope) throws Exception {
        String id = post("client/authorization", "clients", "clients/{}", Map.of("clientId", "recorded-authorization",
                "serviceAccountsEnabled", true, "authorizationServicesEnabled", true));
        String at = "clients/" + id + "/authz/resource-server";
        record("client/authorization/server", null, at);
        record("client/authorization/settings", null, at + "/settings");
        record("client/authorization/policies", null, at + "/policy?max=-1");
        post("authz/scope", at + "/scope", at + "/scope/{}", Map.of("name", "view"));
        post("authz/resource", at + "/resource", at + "/resource/{}", Map.of("name", "recorded"));
        Map<String, Map<String, Object>> policies = new TreeMap<>(Map.of(
                "role", Map.of("roles", List.of(Map.of("id", role))), "user", Map.of("users", List.of(user)),
                "group", Map.of("groups", List.of(Map.of("id", group))), "client", Map.of("clients", List.of(client)),
                "client-scope", Map.of("clientScopes", List.of(Map.of("id", scope))),
                "regex", Map.of("targetClaim", "sub", "pattern", ".*"), "time", Map.of("hour", "8", "hourEnd", "18")));
        for (var one : policies.entrySet()) policy(at, "policy", one.getKey(), one.getValue());
        policy(at, "policy", "aggregate", Map.of("policies", List.of("role")));
        policy(at, "permission", "resource", Map.of("resources", List.of("recorded"), "policies", List.of("role")));
        policy(at, "permission", "scope", Map.of("scopes", List.of("view"), "policies", List.of("role")));
    }

    /** Posts a policy to its typed endpoint; the generic endpoint spells the same policy otherwise. */
    void policy(String at, String noun, String type, Map<String, Object> main) throws Exception {
        Map<String, Object> body = new TreeMap<>(main);
        body.put("name", noun.equals("policy") ? type : type + " permission");
        String kind = "authz/" + noun + "/" + type;
        String path = at + "/" + noun + "/" + type;
        String id = post(kind, path, path + "/{}", body);
        record(kind + "/generic", null, at + "/policy/" + id);
    }

    /** Posts a body and records what reads back, and what the export gained by it; returns the new id. */
    String post(String kind, String path, String read, Map<String, Object> body) throws Exception {
        Object before = export();
        Answer answer = send("POST", "/" + realm + "/" + path, body);
        String id = answer.location;
        // Several authorization endpoints give no Location but the object itself.
        if (id == null && answer.body instanceof Map<?, ?> made) {
            id = String.valueOf(made.containsKey("_id") ? made.get("_id") : made.get("id"));
        }
        Map<String, Object> entry = new TreeMap<>();
        entry.put("sent", clean(body, ""));
        defaults.put(kind, entry);
        if (answer.status / 100 != 2) {
            System.err.println(kind + ": " + answer.status + " " + answer.body);
            entry.put("refused", answer.status);
            return null;
        }
        Object reads = clean(get(id == null ? read : read.replace("{}", id)), "");
        // Some are shown in a list alone.
        entry.put("reads", reads instanceof List<?> one && one.size() == 1 ? one.get(0) : reads);
        Map<String, Object> gained = new TreeMap<>();
        compare("", before, export(), gained);
        entry.put("exported", gained);
        return id;
    }

    /** Changes the realm, and records what the export gained by it. */
    void change(String kind, Map<String, Object> body) throws Exception {
        Object before = export();
        Answer answer = send("PUT", "/" + realm, body);
        Map<String, Object> entry = new TreeMap<>(Map.of("sent", body));
        defaults.put(kind, entry);
        Map<String, Object> gained = new TreeMap<>();
        compare("", before, export(), gained);
        if (answer.status / 100 == 2) entry.put("exported", gained);
        else entry.put("refused", answer.status);
    }

    void record(String kind, Object sent, String path) throws Exception {
        defaults.put(kind, new TreeMap<>(Map.of("reads", clean(get(path), ""))));
    }

    /** Lists what `after` has and `before` has not; a path's parts are field names and the names of objects. */
    static void compare(String path, Object before, Object after, Map<String, Object> gained) {
        if (before instanceof Map<?, ?> old && after instanceof Map<?, ?> now) {
            for (var one : now.entrySet()) {
                String place = path + (path.isEmpty() ? "" : "/") + one.getKey();
                if (!old.containsKey(one.getKey())) gained.put(place, one.getValue());
                else compare(place, old.get(one.getKey()), one.getValue(), gained);
            }
        } else if (before instanceof List<?> old && after instanceof List<?> now && !now.equals(old)) {
            Map<String, Object> known = new TreeMap<>();
            for (Object it : old) known.put(key(it), it);
            for (Object it : now) {
                String place = path + "/" + key(it);
                if (!known.containsKey(key(it))) gained.put(place, it);
                else compare(place, known.get(key(it)), it, gained);
            }
        } else if (!String.valueOf(after).equals(String.valueOf(before))) {
            gained.put(path, after);
        }
    }

    /** Takes out what differs between two realms, and puts fields and lists in a fixed order. */
    Object clean(Object value, String field) {
        if (value instanceof Map<?, ?> map) {
            Map<String, Object> cleaned = new TreeMap<>();
            for (var one : map.entrySet()) {
                String name = (String) one.getKey();
                if (one.getValue() != null && !VOLATILE.contains(name)) cleaned.put((String) clean(name, ""), clean(one.getValue(), name));
            }
            return cleaned;
        }
        if (value instanceof List<?> list) {
            List<Object> cleaned = new ArrayList<>();
            for (Object it : list) cleaned.add(clean(it, field));
            if (!ORDERED.contains(field)) {
                cleaned.sort(Comparator.comparing((Object it) -> key(it)).thenComparing(it -> text(it, "")));
            }
            return cleaned;
        }
        if (value instanceof String text) return ID.matcher(text.replace(realm, "{realm}")).replaceAll("{id}");
        return value;
    }

    /** Names an element of a list. */
    static String key(Object element) {
        if (!(element instanceof Map<?, ?> map)) return String.valueOf(element);
        String name = KEYS.stream().filter(map::containsKey).findFirst().map(it -> String.valueOf(map.get(it))).orElse("");
        return map.containsKey("subType") ? name + " (" + map.get("subType") + ")" : name;
    }

    /** Lists, in the places of the server's own answer, the names of what it has and whether a feature is on. */
    Object serverInfo() throws Exception {
        Map<?, ?> answer = (Map<?, ?>) send("GET", "serverinfo", null).body;
        Map<String, Object> kept = new TreeMap<>();
        kept.put("enums", Map.of("eventType", ((Map<?, ?>) answer.get("enums")).get("eventType")));
        kept.put("features", only(answer.get("features"), "name", "enabled"));
        kept.put("passwordPolicies", only(answer.get("passwordPolicies"), "id"));
        for (String map : List.of("protocolMapperTypes", "themes")) {
            Map<String, Object> named = new TreeMap<>();
            for (var one : ((Map<?, ?>) answer.get(map)).entrySet()) named.put((String) one.getKey(), only(one.getValue(), "id", "name"));
            kept.put(map, named);
        }
        Map<String, Object> components = new TreeMap<>();
        for (String of : List.of("org.keycloak.broker.provider.IdentityProvider", "org.keycloak.broker.provider.IdentityProviderMapper",
                "org.keycloak.broker.social.SocialIdentityProvider", "org.keycloak.keys.KeyProvider",
                "org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy",
                "org.keycloak.storage.UserStorageProvider", "org.keycloak.storage.ldap.mappers.LDAPStorageMapper",
                "org.keycloak.validate.Validator")) {
            components.put(of, only(((Map<?, ?>) answer.get("componentTypes")).get(of), "id"));
        }
        for (String of : List.of("condition.ClientPolicyCondition", "executor.ClientPolicyExecutor")) {
            String name = "org.keycloak.services.clientpolicy." + of + "Provider";
            Object all = ((Map<?, ?>) answer.get("componentTypes")).get(name);
            List<Map<String, Object>> described = only(all, "id", "properties");
            described.removeIf(it -> ((List<?>) it.get("properties")).isEmpty());
            described.forEach(it -> it.put("properties", sorts(it.get("properties"))));
            components.put(name, described);
        }
        kept.put("componentTypes", components);
        Map<String, Object> providers = new TreeMap<>();
        for (String spi : List.of("authenticator", "client-authenticator", "client-policy-condition", "client-policy-executor",
                "eventsListener", "form-action", "form-authenticator", "login-protocol", "password-hashing", "policy",
                "required-action", "workflow-condition", "workflow-event", "workflow-step")) {
            Map<String, Object> names = new TreeMap<>();
            Map<?, ?> found = (Map<?, ?>) ((Map<?, ?>) answer.get("providers")).get(spi);
            if (found == null) continue;
            Map<?, ?> of = (Map<?, ?>) found.get("providers");
            for (Object name : of.keySet()) names.put((String) name, Map.of());
            providers.put(spi, Map.of("providers", names));
        }
        kept.put("providers", providers);
        return kept;
    }

    /** Says of each property what it is called and of what sort it is. */
    static Object sorts(Object properties) {
        List<Map<String, Object>> kept = new ArrayList<>();
        for (Object it : (List<?>) properties) {
            Map<?, ?> of = (Map<?, ?>) it;
            kept.add(new TreeMap<>(Map.of("name", of.get("name"), "type", of.get("type"))));
        }
        kept.sort(Comparator.comparing(it -> String.valueOf(it.get("name"))));
        return kept;
    }

    /** Keeps the named fields of each element, sorted by the first of them that it has; of an id and a name the id. */
    static List<Map<String, Object>> only(Object list, String... fields) {
        List<Map<String, Object>> kept = new ArrayList<>();
        for (Object it : (List<?>) list) {
            Map<String, Object> one = new TreeMap<>();
            for (String field : fields) {
                if (((Map<?, ?>) it).containsKey(field) && !(field.equals("name") && one.containsKey("id"))) one.put(field, ((Map<?, ?>) it).get(field));
            }
            kept.add(one);
        }
        kept.sort(Comparator.comparing(it -> String.valueOf(it.getOrDefault("id", it.get("name")))));
        return kept;
    }

    Object export() throws Exception {
        String path = "/" + realm + "/partial-export?exportClients=true&exportGroupsAndRoles=true";
        Answer answer = send("POST", path, Map.of());
        if (answer.status != 200) throw new IllegalStateException(path + ": " + answer);
        return clean(answer.body, "");
    }

    String id(String path) throws Exception {
        return String.valueOf(((Map<?, ?>) get(path)).get("id"));
    }

    Object get(String path) throws Exception {
        Answer answer = send("GET", "/" + realm + "/" + path, null);
        return answer.status == 200 ? answer.body : Map.of("refused", answer.status);
    }

    record Answer(int status, String location, Object body) {}

    /** Sends one request with a token of its own: a token of the admin CLI lives one minute only. */
    Answer send(String method, String path, Object body) throws Exception {
        String form = Map.of("grant_type", "password", "client_id", "admin-cli", "username",
                        System.getenv("KEYCLOAK_USER"), "password", System.getenv("KEYCLOAK_PASSWORD")).entrySet().stream()
                .map(it -> it.getKey() + "=" + URLEncoder.encode(it.getValue(), StandardCharsets.UTF_8))
                .collect(Collectors.joining("&"));
        var login = HttpRequest.newBuilder(URI.create(server + "/realms/master/protocol/openid-connect/token"))
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(HttpRequest.BodyPublishers.ofString(form)).build();
        Map<?, ?> token = JSON.readValue(HTTP.send(login, HttpResponse.BodyHandlers.ofString()).body(), Map.class);
        if (token.get("access_token") == null) throw new IllegalStateException("login refused: " + token.get("error"));
        var request = HttpRequest.newBuilder(URI.create(server + "/admin/" + (path.isEmpty() || path.startsWith("/") ? "realms" : "") + path))
                .header("Authorization", "Bearer " + token.get("access_token")).header("Content-Type", "application/json")
                .header("Accept", "application/json")
                .method(method, body == null ? HttpRequest.BodyPublishers.noBody()
                        : HttpRequest.BodyPublishers.ofString(JSON.writeValueAsString(body))).build();
        var answer = HTTP.send(request, HttpResponse.BodyHandlers.ofString());
        String location = answer.headers().firstValue("Location").map(it -> it.replaceAll(".*/", "")).orElse(null);
        return new Answer(answer.statusCode(), location,
                answer.body().isEmpty() ? null : JSON.readValue(answer.body(), Object.class));
    }

    /** Writes what fits on one line on one line, and one element per line otherwise. */
    static String text(Object value, String indent) {
        try {
            String line = JSON.writeValueAsString(value);
            boolean leaf = !(value instanceof Map<?, ?>) && !(value instanceof List<?>);
            if (leaf || indent.length() + line.length() < 100) return line;
            String deeper = indent + "  ";
            if (value instanceof List<?> list) {
                return list.stream().map(it -> "\n" + deeper + text(it, deeper))
                        .collect(Collectors.joining(",", "[", "\n" + indent + "]"));
            }
            List<String> lines = new ArrayList<>();
            for (var one : ((Map<?, ?>) value).entrySet()) {
                String name = JSON.writeValueAsString(one.getKey());
                lines.add("\n" + deeper + name + ": " + text(one.getValue(), deeper));
            }
            return lines.stream().collect(Collectors.joining(",", "{", "\n" + indent + "}"));
        } catch (java.io.IOException cause) {
            throw new java.io.UncheckedIOException(cause);
        }
    }
}
