"""confluent-kafka 2: Python over the newest librdkafka."""

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
)

from python_checks import eventually, run


def create(bootstrap, topic, partitions):
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.create_topics([NewTopic(topic, partitions, 1)])[topic].result(10)


def produce(bootstrap, topic, values, **options):
    failures = []
    producer = Producer({"bootstrap.servers": bootstrap, **options})
    for n, value in enumerate(values):
        producer.produce(topic, value, key=b"%d" % n, callback=lambda error, _: failures.append(error) if error else None)
    assert producer.flush(20) == 0
    assert failures == []


def consume(bootstrap, group_id, topic, count, **options):
    settings = {"auto.offset.reset": "earliest", "session.timeout.ms": 6000, "enable.auto.commit": False, **options}
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group_id, **settings})
    consumer.subscribe([topic])
    messages = []

    def poll():
        for message in consumer.consume(500, 0.2):
            if message.error():
                raise KafkaException(message.error())
            messages.append(message)
        return messages if len(messages) >= count else None

    eventually(poll, f"{count} messages of {topic}")
    return consumer, messages


def round_trip(codec):
    def check(bootstrap):
        topic = f"confluent-{codec}"
        create(bootstrap, topic, 1)
        values = [b"value %d" % n for n in range(1000)]
        produce(bootstrap, topic, values, **{"compression.type": codec, "enable.idempotence": True})
        consumer, messages = consume(bootstrap, f"{topic}-group", topic, len(values))
        consumer.close()
        assert [message.value() for message in messages] == values
        assert [message.offset() for message in messages] == list(range(1000))

    check.__doc__ = f"idempotent, with {codec}: records arrive whole and in order"
    return check


def rebalance(strategy):
    def check(bootstrap):
        topic = f"confluent-{strategy}"
        create(bootstrap, topic, 4)
        produce(bootstrap, topic, [b"x"] * 100)
        options = {"partition.assignment.strategy": strategy}
        first, _ = consume(bootstrap, f"{topic}-group", topic, 100, **options)
        second = Consumer(
            {"bootstrap.servers": bootstrap, "group.id": f"{topic}-group", "auto.offset.reset": "earliest", **options}
        )
        second.subscribe([topic])

        def share():
            first.poll(0.1)
            second.poll(0.1)
            return (len(first.assignment()) == 2 and len(second.assignment()) == 2) or None

        eventually(share, "two partitions each")
        first.close()

        def all_mine():
            second.poll(0.1)
            return len(second.assignment()) == 4 or None

        eventually(all_mine, "the survivor has all partitions")
        second.close()

    check.__doc__ = f"members of a group share and take over with {strategy}"
    return check


def commit(bootstrap):
    """committed offsets are read back, and consuming goes on from there"""
    topic = "confluent-commit"
    create(bootstrap, topic, 1)
    produce(bootstrap, topic, [b"%d" % n for n in range(10)])
    consumer, messages = consume(bootstrap, "confluent-commit-group", topic, 10)
    consumer.commit(message=messages[4], asynchronous=False)
    assert consumer.committed([TopicPartition(topic, 0)], 10)[0].offset == 5
    consumer.close()
    again, more = consume(bootstrap, "confluent-commit-group", topic, 5)
    assert [message.value() for message in more] == [b"5", b"6", b"7", b"8", b"9"]
    again.close()


def administer(bootstrap):
    """topics, configuration, offsets and groups are administered"""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    topic = "confluent-admin"
    create(bootstrap, topic, 1)
    admin.create_partitions([NewPartitions(topic, 3)])[topic].result(10)
    eventually(lambda: len(admin.list_topics(topic, 10).topics[topic].partitions) == 3 or None, "three partitions")
    entry = ConfigEntry("retention.ms", "54321", incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=[entry])
    admin.incremental_alter_configs([resource])[resource].result(10)
    described = ConfigResource(ConfigResource.Type.TOPIC, topic)
    eventually(
        lambda: admin.describe_configs([described])[described].result(10)["retention.ms"].value == "54321" or None, "the new value"
    )
    produce(bootstrap, topic, [b"x"])
    ends = admin.list_offsets({TopicPartition(topic, n): OffsetSpec.latest() for n in range(3)})
    assert sum(future.result(10).offset for future in ends.values()) == 1
    cluster = admin.describe_cluster().result(10)
    assert len(cluster.nodes) == 1 and cluster.controller.id == 1
    consumer, _ = consume(bootstrap, "confluent-admin-group", topic, 1)
    described_group = admin.describe_consumer_groups(["confluent-admin-group"])["confluent-admin-group"].result(10)
    assert len(described_group.members) == 1
    consumer.close()
    assert "confluent-admin-group" in [group.group_id for group in admin.list_consumer_groups().result(10).valid]
    eventually(lambda: deleted(admin, "confluent-admin-group"), "the group is deleted")
    admin.delete_topics([topic])[topic].result(10)


def deleted(admin, group_id):
    try:
        admin.delete_consumer_groups([group_id])[group_id].result(10)
        return True
    except KafkaException:
        return None


run(
    [round_trip(codec) for codec in ("none", "gzip", "snappy", "lz4", "zstd")]
    + [rebalance(strategy) for strategy in ("range", "roundrobin", "cooperative-sticky")]
    + [commit, administer]
)
