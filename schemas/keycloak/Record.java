// Records which JSON fields a Keycloak distribution's representations have, and of which types.
//
//   java -cp "DIST/lib/lib/main/*:DIST/lib/lib/boot/*" schemas/keycloak/Record.java schemas/keycloak/26.7/representations.json
//
// The names come from Jackson's own introspection of the distribution's classes with the distribution's own Jackson:
// that is what the server does with a request body, so annotations (`@JsonProperty("_id")`, `@JsonIgnore`), naming
// rules (`getResourceType`, `isEnabled`) and generics need no second implementation here.
// README.md beside this file describes the format.

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.BeanDescription;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.introspect.BeanPropertyDefinition;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.zip.ZipFile;
import org.keycloak.representations.idm.RealmRepresentation;
import org.keycloak.representations.idm.authorization.ClientPolicyRepresentation;

public class Record {
    /** Packages whose classes are recorded; a class from elsewhere (an access token, say) is spelled "any". */
    static final List<String> PACKAGES =
            List.of("org/keycloak/representations/idm/", "org/keycloak/representations/userprofile/config/",
                    "org/keycloak/representations/workflows/");

    static final ObjectMapper JSON = new ObjectMapper();

    /** Simple name to property name to type, in the spelling of the file. */
    static final Map<String, Map<String, String>> FOUND = new TreeMap<>();
    static final Map<String, Class<?>> NAMES = new TreeMap<>();

    public static void main(String[] args) throws Exception {
        if (args.length != 1) {
            System.err.println("usage: java -cp \"DIST/lib/lib/main/*:DIST/lib/lib/boot/*\" Record.java OUT.json");
            System.exit(64);
        }
        for (Class<?> one : classes()) {
            Class<?> other = NAMES.putIfAbsent(name(one), one);
            if (other != null) throw new IllegalStateException(other + " and " + one + " share a name");
        }
        NAMES.forEach(Record::record);
        Path out = Path.of(args[0]);
        Files.createDirectories(out.toAbsolutePath().getParent());
        Files.writeString(out, text());
        System.err.println(FOUND.size() + " representations, "
                + FOUND.values().stream().mapToInt(Map::size).sum() + " properties");
    }

    /** Lists the classes of the recorded packages in the jar that RealmRepresentation came from. */
    static List<Class<?>> classes() throws Exception {
        URI jar = RealmRepresentation.class.getProtectionDomain().getCodeSource().getLocation().toURI();
        List<Class<?>> classes = new ArrayList<>();
        try (ZipFile zip = new ZipFile(Path.of(jar).toFile())) {
            for (String entry : zip.stream().map(it -> it.getName()).sorted().toList()) {
                if (!entry.endsWith(".class") || PACKAGES.stream().noneMatch(entry::startsWith)) continue;
                Class<?> found = Class.forName(entry.substring(0, entry.length() - 6).replace('/', '.'),
                        false, Record.class.getClassLoader());
                boolean code = found.isAnonymousClass() || found.getSimpleName().endsWith("Builder")
                        || found.getSimpleName().toLowerCase().endsWith("serializer")
                        || found.getSimpleName().endsWith("Constants");
                if (!code && !found.isEnum() && !found.isInterface()) classes.add(found);
            }
        }
        return classes;
    }

    /** Names a class simply, save the one pair of namesakes: the policy that asks for a client, and client policies. */
    static String name(Class<?> one) {
        boolean namesake = one == ClientPolicyRepresentation.class;
        return (namesake ? "authorization." : "") + one.getSimpleName();
    }

    static void record(String name, Class<?> found) {
        JavaType type = JSON.constructType(found);
        BeanDescription read = JSON.getDeserializationConfig().introspect(type);
        BeanDescription written = JSON.getSerializationConfig().introspect(type);
        Map<String, String> properties = new TreeMap<>();
        FOUND.put(name, properties);
        // A property that the server only writes is still one that an export holds: both directions count.
        for (BeanPropertyDefinition it : written.findProperties()) {
            if (it.couldSerialize()) properties.put(it.getName(), type(it.getPrimaryType()));
        }
        for (BeanPropertyDefinition it : read.findProperties()) {
            if (!it.couldDeserialize()) continue;
            String kind = type(it.getPrimaryType());
            String before = properties.put(it.getName(), kind);
            if (before != null && !before.equals(kind)) {
                System.err.println(name + "." + it.getName() + ": written as " + before + ", read as " + kind);
            }
            for (var alias : it.findAliases()) properties.put(alias.getSimpleName(), kind);
        }
        if (read.findAnySetterAccessor() != null || written.findAnyGetter() != null) properties.put("*", "\"any\"");
    }

    /** Spells a type as JSON text. */
    static String type(JavaType type) {
        Class<?> raw = type.getRawClass();
        if (Map.class.isAssignableFrom(raw)) return "{\"*\": " + type(type.findTypeParameters(Map.class)[1]) + "}";
        if (Set.class.isAssignableFrom(raw)) return "{\"set\": " + type(type.findTypeParameters(Set.class)[0]) + "}";
        if (Collection.class.isAssignableFrom(raw)) {
            return "[" + type(type.findTypeParameters(Collection.class)[0]) + "]";
        }
        if (raw.isArray()) return "[" + type(type.getContentType()) + "]";
        if (raw.isEnum()) return constants(raw);
        if (raw == String.class || raw == char.class || raw == Character.class) return "\"text\"";
        if (raw == boolean.class || raw == Boolean.class) return "\"boolean\"";
        if (List.of(int.class, Integer.class, long.class, Long.class, short.class, Short.class).contains(raw)) {
            return "\"integer\"";
        }
        if (raw.isPrimitive() || Number.class.isAssignableFrom(raw)) return "\"number\"";
        if (raw == Object.class || JsonNode.class.isAssignableFrom(raw)) return "\"any\"";
        if (NAMES.get(name(raw)) == raw) return "\"" + name(raw) + "\"";
        System.err.println("any: " + type);
        return "\"any\"";
    }

    /** Asks Jackson for each constant, because some enums spell themselves otherwise in JSON. */
    static String constants(Class<?> raw) {
        List<String> names = new ArrayList<>();
        for (Object constant : raw.getEnumConstants()) {
            names.add(JSON.convertValue(constant, new TypeReference<JsonNode>() {}).toString());
        }
        return "{\"enum\": [" + String.join(", ", names) + "]}";
    }

    static String text() {
        return FOUND.entrySet().stream()
                .map(one -> "  \"" + one.getKey() + "\": {" + one.getValue().entrySet().stream()
                        .map(it -> "\n    \"" + it.getKey() + "\": " + it.getValue())
                        .collect(Collectors.joining(",")) + (one.getValue().isEmpty() ? "}" : "\n  }"))
                .collect(Collectors.joining(",\n", "{\n", "\n}\n"));
    }
}
