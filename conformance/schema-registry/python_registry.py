"""confluent-kafka's client of schema registries and its three serializers, against the registry in the first argument.

Prints one line of JSON per check.
"""

import json
import sys
import traceback

from confluent_kafka.schema_registry import (
    ConfigCompatibilityLevel,
    Schema,
    SchemaReference,
    SchemaRegistryClient,
    ServerConfig,
)
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.schema_registry.json_schema import JSONDeserializer, JSONSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

client = SchemaRegistryClient({"url": sys.argv[1]})
checks = []


def check(function):
    checks.append(function)
    return function


def order(*fields):
    return json.dumps({"type": "record", "name": "Order", "fields": list(fields)})


ID = {"name": "id", "type": "string"}
COUNT = {"name": "count", "type": "int", "default": 0}


def refused(function):
    try:
        function()
    except SchemaRegistryError as error:
        return error.error_code
    raise AssertionError("it was not refused")


@check
def a_schema_is_registered_read_and_looked_up():
    schema = Schema(order(ID), "AVRO")
    schema_id = client.register_schema("py-value", schema)
    assert client.get_schema(schema_id).schema_type == "AVRO"
    assert client.lookup_schema("py-value", schema).version == 1
    assert "py-value" in client.get_subjects()
    assert client.get_versions("py-value") == [1]
    assert client.get_latest_version("py-value").schema_id == schema_id
    assert client.get_version("py-value", 1).schema_id == schema_id


@check
def compatibility_is_tested_and_set():
    client.register_schema("py-compat", Schema(order(ID), "AVRO"))
    assert client.test_compatibility("py-compat", Schema(order(ID, COUNT), "AVRO"))
    assert not client.test_compatibility("py-compat", Schema(order({"name": "other", "type": "int"}), "AVRO"))
    client.set_compatibility("py-compat", "FULL")
    assert client.get_compatibility("py-compat") == "FULL"
    client.set_config("py-compat", ServerConfig(compatibility=ConfigCompatibilityLevel.NONE))
    assert client.get_config("py-compat").compatibility_level == "NONE"


@check
def refusals_have_their_codes():
    assert refused(lambda: client.get_schema(987654)) == 40403
    assert refused(lambda: client.get_latest_version("py-none")) == 40401
    assert refused(lambda: client.register_schema("py-bad", Schema("{", "AVRO"))) == 42201


@check
def subjects_and_versions_are_deleted_softly_and_for_good():
    client.register_schema("py-gone", Schema(order(ID), "AVRO"))
    client.register_schema("py-gone", Schema(order(ID, COUNT), "AVRO"))
    assert client.delete_version("py-gone", 1) == 1
    assert client.delete_subject("py-gone") == [2]
    assert client.delete_subject("py-gone", True) == [1, 2]


@check
def avro_goes_through_the_serializers():
    context = SerializationContext("py-avro", MessageField.VALUE)
    serialize = AvroSerializer(client, order(ID, COUNT))
    data = serialize({"id": "o-1", "count": 2}, context)
    assert AvroDeserializer(client)(data, context) == {"id": "o-1", "count": 2}


@check
def json_schema_goes_through_the_serializers():
    context = SerializationContext("py-json", MessageField.VALUE)
    schema = json.dumps({"title": "Order", "type": "object", "properties": {"id": {"type": "string"}}})
    data = JSONSerializer(schema, client)({"id": "o-1"}, context)
    assert JSONDeserializer(schema, schema_registry_client=client)(data, context) == {"id": "o-1"}


def cart_class():
    """A message class without generated code: Cart { string id = 1; }."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    file = descriptor_pb2.FileDescriptorProto(name="cart.proto", package="shop", syntax="proto3")
    message = file.message_type.add(name="Cart")
    field = descriptor_pb2.FieldDescriptorProto
    message.field.add(name="id", number=1, type=field.TYPE_STRING, label=field.LABEL_OPTIONAL)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("shop.Cart"))


@check
def protobuf_goes_through_the_serializers():
    from confluent_kafka.schema_registry.protobuf import ProtobufDeserializer, ProtobufSerializer

    cart = cart_class()
    context = SerializationContext("py-proto", MessageField.VALUE)
    data = ProtobufSerializer(cart, client)(cart(id="c-1"), context)
    assert ProtobufDeserializer(cart, schema_registry_client=client)(data, context).id == "c-1"


@check
def references_are_followed():
    client.register_schema("py-item", Schema(json.dumps({"type": "record", "name": "Item", "fields": [ID]}), "AVRO"))
    referring = Schema(order({"name": "item", "type": "Item"}), "AVRO", [SchemaReference("Item", "py-item", 1)])
    schema_id = client.register_schema("py-referring", referring)
    assert client.get_schema(schema_id).references[0].subject == "py-item"
    assert refused(lambda: client.delete_subject("py-item")) == 42206


for function in checks:
    error = None
    try:
        function()
    except BaseException:  # noqa: BLE001: every failure is a result
        error = traceback.format_exc()
    print(json.dumps({"name": function.__name__.replace("_", " "), "error": error}))
