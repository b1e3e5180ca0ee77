import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.metrics.Metrics;
import org.apache.kafka.common.metrics.internals.PluginMetricsImpl;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.apache.kafka.common.security.auth.KafkaPrincipal;
import org.apache.kafka.common.security.auth.SecurityProtocol;
import org.apache.kafka.common.utils.SecurityUtils;
import org.apache.kafka.metadata.authorizer.StandardAcl;
import org.apache.kafka.metadata.authorizer.StandardAuthorizer;
import org.apache.kafka.server.authorizer.Action;
import org.apache.kafka.server.authorizer.AuthorizableRequestContext;
import org.apache.kafka.server.authorizer.AuthorizationResult;

/**
 * What Apache Kafka's authorizer says. Reads lines of words, numbers being the protocol's codes:
 *
 *   new   super users, or -   allow everyone
 *   acl   type  name  pattern  principal  host  operation  permission
 *   ask   principal  host  operation  type  name               answers true or false
 *   any   principal  host  operation  type                     answers true or false
 */
public final class AuthorizerHarness {
    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        StandardAuthorizer authorizer = null;
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] w = line.split(" ");
            switch (w[0]) {
                case "new" -> {
                    Map<String, Object> configs = new HashMap<>();
                    if (!w[1].equals("-")) configs.put(StandardAuthorizer.SUPER_USERS_CONFIG, w[1]);
                    configs.put(StandardAuthorizer.ALLOW_EVERYONE_IF_NO_ACL_IS_FOUND_CONFIG, w[2]);
                    authorizer = new StandardAuthorizer();
                    authorizer.withPluginMetrics(new PluginMetricsImpl(new Metrics(), Map.of()));
                    authorizer.configure(configs);
                    authorizer.completeInitialLoad();
                }
                case "acl" -> authorizer.addAcl(Uuid.randomUuid(), new StandardAcl(
                    type(w[1]), w[2], PatternType.fromCode(Byte.parseByte(w[3])), w[4], w[5], operation(w[6]),
                    AclPermissionType.fromCode(Byte.parseByte(w[7]))));
                case "ask" -> {
                    ResourcePattern resource = new ResourcePattern(type(w[4]), w[5], PatternType.LITERAL);
                    Action action = new Action(operation(w[3]), resource, 1, false, false);
                    out.println(authorizer.authorize(requester(w[1], w[2]), List.of(action)).get(0)
                        == AuthorizationResult.ALLOWED);
                }
                case "any" -> out.println(
                    authorizer.authorizeByResourceType(requester(w[1], w[2]), operation(w[3]), type(w[4]))
                        == AuthorizationResult.ALLOWED);
                default -> throw new IllegalArgumentException(line);
            }
        }
        out.flush();
    }

    private static ResourceType type(String code) {
        return ResourceType.fromCode(Byte.parseByte(code));
    }

    private static AclOperation operation(String code) {
        return AclOperation.fromCode(Byte.parseByte(code));
    }

    private static AuthorizableRequestContext requester(String principal, String host) throws Exception {
        KafkaPrincipal who = SecurityUtils.parseKafkaPrincipal(principal);
        InetAddress address = InetAddress.getByName(host);
        return new AuthorizableRequestContext() {
            public String listenerName() { return "PLAINTEXT"; }
            public SecurityProtocol securityProtocol() { return SecurityProtocol.PLAINTEXT; }
            public KafkaPrincipal principal() { return who; }
            public InetAddress clientAddress() { return address; }
            public int requestType() { return 0; }
            public int requestVersion() { return 0; }
            public String clientId() { return ""; }
            public int correlationId() { return 0; }
        };
    }
}
