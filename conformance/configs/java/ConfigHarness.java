import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.types.Password;
import org.apache.kafka.coordinator.group.GroupConfig;
import org.apache.kafka.server.config.AbstractKafkaConfig;
import org.apache.kafka.server.config.DynamicBrokerConfig;
import org.apache.kafka.server.config.ServerTopicConfigSynonyms;
import org.apache.kafka.server.metrics.ClientMetricsConfigs;
import org.apache.kafka.storage.internals.log.LogConfig;

/**
 * What Apache Kafka's configuration definitions say. Writes tab-separated lines:
 *
 *   key      table  name  type  default or NONE or NULL  importance  internal  mode
 *   synonym  topic key  broker key ...
 *   value    table  name  text  true or false            for every text on standard input and every key
 *
 * Texts on standard input are one to a line, with \t, \n and \\ escaped as in the answers.
 */
public final class ConfigHarness {
    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        Map<String, ConfigDef> tables = new LinkedHashMap<>();
        tables.put("broker", definitionIn(AbstractKafkaConfig.class));
        tables.put("topic", LogConfig.configDefCopy());
        tables.put("group", definitionIn(GroupConfig.class));
        tables.put("client-metrics", definitionIn(ClientMetricsConfigs.class));
        Map<String, String> modes = DynamicBrokerConfig.dynamicConfigUpdateModes();

        for (Map.Entry<String, ConfigDef> table : tables.entrySet()) {
            for (ConfigDef.ConfigKey key : new TreeMap<>(table.getValue().configKeys()).values()) {
                String mode = table.getKey().equals("broker") ? modes.getOrDefault(key.name, "read-only") : "read-only";
                line(out, "key", table.getKey(), key.name, key.type.toString(), defaultOf(key),
                    key.importance.toString(), Boolean.toString(key.internalConfig), mode);
            }
        }
        for (Map.Entry<String, List<org.apache.kafka.server.config.ConfigSynonym>> entry
                : new TreeMap<>(ServerTopicConfigSynonyms.ALL_TOPIC_CONFIG_SYNONYMS).entrySet()) {
            String[] cells = new String[entry.getValue().size() + 2];
            cells[0] = "synonym";
            cells[1] = entry.getKey();
            for (int i = 0; i < entry.getValue().size(); i++) {
                cells[i + 2] = entry.getValue().get(i).name();
            }
            line(out, cells);
        }
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String escaped = in.readLine(); escaped != null; escaped = in.readLine()) {
            String text = unescape(escaped);
            for (Map.Entry<String, ConfigDef> table : tables.entrySet()) {
                for (ConfigDef.ConfigKey key : table.getValue().configKeys().values()) {
                    line(out, "value", table.getKey(), key.name, text, Boolean.toString(accepts(key, text)));
                }
            }
        }
        out.flush();
    }

    private static ConfigDef definitionIn(Class<?> type) throws IllegalAccessException {
        for (Field field : type.getDeclaredFields()) {
            if (field.getType() == ConfigDef.class && Modifier.isStatic(field.getModifiers())) {
                field.setAccessible(true);
                return (ConfigDef) field.get(null);
            }
        }
        throw new IllegalStateException(type + " has no definition");
    }

    private static String defaultOf(ConfigDef.ConfigKey key) {
        if (!key.hasDefault()) return "NONE";
        if (key.defaultValue == null) return "NULL";
        if (key.defaultValue instanceof Password password) return "=" + password.value();
        return "=" + ConfigDef.convertToString(key.defaultValue, key.type);
    }

    private static boolean accepts(ConfigDef.ConfigKey key, String text) {
        try {
            Object value = ConfigDef.parseType(key.name, text, key.type);
            if (key.validator != null) key.validator.ensureValid(key.name, value);
            return true;
        } catch (Exception refused) {
            return false;
        }
    }

    private static void line(PrintStream out, String... cells) {
        StringBuilder line = new StringBuilder();
        for (String cell : cells) {
            if (line.length() > 0) line.append('\t');
            line.append(cell.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n"));
        }
        out.println(line);
    }

    private static String unescape(String escaped) {
        return escaped.replace("\\t", "\t").replace("\\n", "\n").replace("\\\\", "\\");
    }
}
