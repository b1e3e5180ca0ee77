"""confluent-kafka's serializers, for bytes to compare with.

Arguments: the registry's URL, and JSON of what another serializer wrote: format to hexadecimal. Prints JSON: what each serializer
writes of the same value, and what each deserializer makes of those bytes.
"""

import json
import sys

from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.json_schema import JSONDeserializer, JSONSerializer
from confluent_kafka.schema_registry.protobuf import ProtobufDeserializer, ProtobufSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

url, given = sys.argv[1], json.loads(sys.argv[2])
client = SchemaRegistryClient({"url": url})
avro_schema, json_schema = given["avroSchema"], given["jsonSchema"]
value = given["value"]
written = {name: bytes.fromhex(text) for name, text in given["written"].items()}


def context(name):
    return SerializationContext(f"serdes-{name}", MessageField.VALUE)


def order_class():
    """Order { string id = 1; int64 cents = 2; repeated string tags = 3; bool paid = 4; } without generated code."""
    file = descriptor_pb2.FileDescriptorProto(name="order.proto", package="shop", syntax="proto3")
    message = file.message_type.add(name="Order")
    field = descriptor_pb2.FieldDescriptorProto
    message.field.add(name="id", number=1, type=field.TYPE_STRING, label=field.LABEL_OPTIONAL)
    message.field.add(name="cents", number=2, type=field.TYPE_INT64, label=field.LABEL_OPTIONAL)
    message.field.add(name="tags", number=3, type=field.TYPE_STRING, label=field.LABEL_REPEATED)
    message.field.add(name="paid", number=4, type=field.TYPE_BOOL, label=field.LABEL_OPTIONAL)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("shop.Order"))


Order = order_class()
latest = {"auto.register.schemas": False, "use.latest.version": True}
order = ProtobufDeserializer(Order, schema_registry_client=client)(written["protobuf"], context("protobuf"))
print(
    json.dumps(
        {
            "written": {
                "avro": AvroSerializer(client, avro_schema, conf=latest)(value, context("avro")).hex(),
                "json": JSONSerializer(json_schema, client, conf=latest)(value, context("json")).hex(),
                "protobuf": ProtobufSerializer(Order, client, conf=latest)(Order(**value), context("protobuf")).hex(),
            },
            "read": {
                "avro": AvroDeserializer(client)(written["avro"], context("avro")),
                "json": JSONDeserializer(json_schema, schema_registry_client=client)(written["json"], context("json")),
                "protobuf": {"id": order.id, "cents": order.cents, "tags": list(order.tags), "paid": order.paid},
            },
        }
    )
)
