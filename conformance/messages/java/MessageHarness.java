import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.lang.reflect.Array;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.protocol.types.BoundField;
import org.apache.kafka.common.protocol.types.Field;
import org.apache.kafka.common.protocol.types.Schema;
import org.apache.kafka.common.protocol.types.TaggedFields;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.BaseRecords;

/**
 * The other side of java.test.ts: answers questions about messages with the classes that ship in Apache Kafka's jars.
 *
 * Question:  size int32 | operation int8 | name (int16 size, UTF-8) | version int16 | payload
 * Answer:    size int32 | status int8 (0 done, 1 failed) | bytes of the message, or text of the failure
 *
 * Operation 0 reads the payload as a message and writes it again; operation 1 takes the payload as a seed (int64),
 * fills an instance with random values and writes it; operation 2 takes another version (int16) and a message in that
 * version, and writes it in the version of the question; operation 3 lists the error codes, a line each.
 */
public final class MessageHarness {
    private static final String[] PACKAGES = {
        "org.apache.kafka.common.message.",
        "org.apache.kafka.common.metadata.",
        "org.apache.kafka.raft.generated.",
        "org.apache.kafka.coordinator.group.generated.",
        "org.apache.kafka.coordinator.transaction.generated.",
        "org.apache.kafka.coordinator.share.generated.",
        "org.apache.kafka.server.log.remote.metadata.storage.generated.",
        "org.apache.kafka.storage.internals.log.generated.",
    };
    private static final String[] TEXTS = {"", "a", "topic-1", "cl\u00e9", "\u4e3b\u9898", "\ud83e\udd86", "x".repeat(130)};

    private static final Map<String, Class<?>> CLASSES = new HashMap<>();
    private static final Map<Class<?>, Map<String, Method>> SETTERS = new HashMap<>();

    public static void main(String[] args) throws Exception {
        DataInputStream in = new DataInputStream(new BufferedInputStream(System.in, 1 << 16));
        DataOutputStream out = new DataOutputStream(new BufferedOutputStream(System.out, 1 << 16));
        while (true) {
            int size;
            try {
                size = in.readInt();
            } catch (EOFException e) {
                break;
            }
            ByteBuffer question = ByteBuffer.wrap(in.readNBytes(size));
            byte status = 0;
            byte[] answer;
            try {
                answer = answer(question);
            } catch (Throwable e) {
                status = 1;
                Throwable cause = e instanceof InvocationTargetException ? e.getCause() : e;
                answer = cause.toString().getBytes("UTF-8");
            }
            out.writeInt(answer.length + 1);
            out.writeByte(status);
            out.write(answer);
            if (in.available() == 0) out.flush();
        }
        out.flush();
    }

    private static byte[] answer(ByteBuffer question) throws Exception {
        byte operation = question.get();
        byte[] name = new byte[question.getShort()];
        question.get(name);
        short version = question.getShort();
        if (operation == 3) return errors().getBytes("UTF-8");
        Class<?> type = classOf(new String(name, "UTF-8"));
        Message message = (Message) type.getDeclaredConstructor().newInstance();
        if (version < message.lowestSupportedVersion() || version > message.highestSupportedVersion()) {
            throw new IllegalArgumentException("valid versions are " + message.lowestSupportedVersion() + " to "
                + message.highestSupportedVersion());
        }
        if (operation != 1) {
            short payloadVersion = operation == 0 ? version : question.getShort();
            ByteBuffer payload = question.slice();
            message.read(new ByteBufferAccessor(payload), payloadVersion);
            if (payload.hasRemaining()) throw new IllegalArgumentException(payload.remaining() + " bytes are left");
        } else {
            Schema[] schemas = (Schema[]) type.getField("SCHEMAS").get(null);
            fill(message, schemas[version], new Random(question.getLong()));
        }
        ByteBuffer written = MessageUtil.toByteBufferAccessor(message, version).buffer();
        byte[] bytes = new byte[written.remaining()];
        written.get(bytes);
        return bytes;
    }

    private static String errors() {
        StringBuilder lines = new StringBuilder();
        for (Errors each : Errors.values()) {
            boolean retriable = each.exception() instanceof RetriableException;
            lines.append(each.code()).append(' ').append(each.name()).append(' ').append(retriable).append('\n');
        }
        return lines.toString();
    }

    private static Class<?> classOf(String name) throws ClassNotFoundException {
        Class<?> known = CLASSES.get(name);
        if (known != null) return known;
        for (String each : PACKAGES) {
            for (String suffix : new String[] {"Data", ""}) {
                try {
                    Class<?> found = Class.forName(each + name + suffix);
                    if (!Message.class.isAssignableFrom(found)) continue;
                    CLASSES.put(name, found);
                    return found;
                } catch (ClassNotFoundException | NoClassDefFoundError e) {
                    // The next package may have it.
                }
            }
        }
        throw new ClassNotFoundException(name);
    }

    /** Sets every field that the version has; about half of the tagged ones keep their defaults. */
    private static void fill(Object struct, Schema schema, Random random) throws Exception {
        for (BoundField bound : schema.fields()) {
            if (bound.def.type instanceof TaggedFields) {
                for (Field tagged : ((TaggedFields) bound.def.type).fields().values()) {
                    if (random.nextBoolean()) set(struct, tagged, random);
                }
            } else {
                set(struct, bound.def, random);
            }
        }
    }

    private static void set(Object struct, Field field, Random random) throws Exception {
        Method setter = settersOf(struct.getClass()).get(plain(field.name));
        if (setter == null) throw new NoSuchMethodException(struct.getClass() + " has no setter for " + field.name);
        Class<?> type = setter.getParameterTypes()[0];
        Type generic = setter.getGenericParameterTypes()[0];
        setter.invoke(struct, value(type, generic, field.type, random));
    }

    private static Object value(
        Class<?> type, Type generic, org.apache.kafka.common.protocol.types.Type wire, Random random
    ) throws Exception {
        if (wire.isNullable() && random.nextInt(4) == 0) return null;
        if (wire.arrayElementType().isPresent()) return array(type, generic, wire.arrayElementType().get(), random);
        if (wire instanceof Schema) {
            Object struct = type.getDeclaredConstructor().newInstance();
            fill(struct, (Schema) wire, random);
            return struct;
        }
        if (type == boolean.class || type == Boolean.class) return random.nextBoolean();
        if (type == byte.class || type == Byte.class) return (byte) random.nextInt();
        if (type == short.class || type == Short.class) return (short) random.nextInt();
        if (type == int.class || type == Integer.class) {
            boolean unsigned16 = wire == org.apache.kafka.common.protocol.types.Type.UINT16;
            return unsigned16 ? random.nextInt(0x10000) : random.nextInt();
        }
        if (type == long.class || type == Long.class) return longValue(wire, random);
        if (type == double.class) return random.nextGaussian() * 1e6;
        if (type == String.class) return TEXTS[random.nextInt(TEXTS.length)];
        if (type == Uuid.class) return random.nextInt(4) == 0 ? Uuid.ZERO_UUID : new Uuid(random.nextLong(), random.nextLong());
        if (type == byte[].class) return bytes(random);
        if (type == ByteBuffer.class) return ByteBuffer.wrap(bytes(random));
        if (BaseRecords.class.isAssignableFrom(type)) return MemoryRecords.readableRecords(ByteBuffer.wrap(bytes(random)));
        throw new IllegalArgumentException("no random value for " + type);
    }

    /** Within the range that a double holds exactly, or one of the two ends. */
    private static Object longValue(org.apache.kafka.common.protocol.types.Type wire, Random random) {
        if (wire == org.apache.kafka.common.protocol.types.Type.UNSIGNED_INT32) return random.nextLong() & 0xffffffffL;
        int kind = random.nextInt(8);
        if (kind == 0) return Long.MAX_VALUE;
        if (kind == 1) return Long.MIN_VALUE;
        return random.nextLong() >> (11 + random.nextInt(40));
    }

    private static byte[] bytes(Random random) {
        byte[] bytes = new byte[random.nextInt(3) * random.nextInt(2000)];
        random.nextBytes(bytes);
        return bytes;
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    private static Object array(
        Class<?> type, Type generic, org.apache.kafka.common.protocol.types.Type wire, Random random
    ) throws Exception {
        int length = random.nextInt(4);
        if (type.isArray()) {
            Object array = Array.newInstance(type.getComponentType(), length);
            for (int i = 0; i < length; i++) {
                Array.set(array, i, value(type.getComponentType(), type.getComponentType(), wire, random));
            }
            return array;
        }
        // A list, or one of Kafka's own hash collections: then the element is an argument of its superclass.
        Type elements = generic instanceof ParameterizedType ? generic : type.getGenericSuperclass();
        Class<?> element = (Class<?>) ((ParameterizedType) elements).getActualTypeArguments()[0];
        Collection collection = type == List.class ? new ArrayList() : (Collection) type.getDeclaredConstructor().newInstance();
        for (int i = 0; i < length; i++) collection.add(value(element, element, wire, random));
        return collection;
    }

    private static Map<String, Method> settersOf(Class<?> type) {
        return SETTERS.computeIfAbsent(type, each -> {
            Map<String, Method> setters = new HashMap<>();
            for (Method method : each.getMethods()) {
                if (method.getName().startsWith("set") && method.getParameterCount() == 1) {
                    setters.put(plain(method.getName().substring(3)), method);
                }
            }
            return setters;
        });
    }

    /** `topic_data` and `TopicData` alike. */
    private static String plain(String name) {
        return name.replace("_", "").toLowerCase(java.util.Locale.ROOT);
    }
}
