"""kafka-python 3: the protocol written anew in Python."""

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, OffsetAndMetadata, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, NewPartitions, NewTopic

from python_checks import eventually, run


def create(bootstrap, topic, partitions):
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.create_topics([NewTopic(name=topic, num_partitions=partitions, replication_factor=1)])
    admin.close()


def consume(bootstrap, topic, count, **options):
    consumer = KafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest", **options)
    records = []

    def poll():
        for batch in consumer.poll(timeout_ms=200).values():
            records.extend(batch)
        return records if len(records) >= count else None

    eventually(poll, f"{count} records of {topic}")
    return consumer, records


def round_trip(codec):
    def check(bootstrap):
        topic = f"kafka-python-{codec}"
        create(bootstrap, topic, 1)
        producer = KafkaProducer(bootstrap_servers=bootstrap, compression_type=codec, acks="all", linger_ms=5)
        futures = [
            producer.send(topic, key=b"key-%d" % n, value=b"value-%d" % n, headers=[("n", b"%d" % n)], timestamp_ms=1_700_000_000_000 + n)
            for n in range(500)
        ]
        producer.flush()
        assert [future.get(10).offset for future in futures] == list(range(500))
        producer.close()
        consumer, records = consume(bootstrap, topic, 500, group_id=None)
        consumer.close()
        for n, record in enumerate(records):
            assert record.offset == n and record.key == b"key-%d" % n and record.value == b"value-%d" % n, record
            assert record.timestamp == 1_700_000_000_000 + n and list(record.headers) == [("n", b"%d" % n)], record

    check.__doc__ = f"records compressed with {codec} arrive whole"
    return check


def idempotent(bootstrap):
    """an idempotent producer writes each record once"""
    create(bootstrap, "kafka-python-idempotent", 1)
    producer = KafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True)
    for n in range(200):
        producer.send("kafka-python-idempotent", b"%d" % n)
    producer.flush()
    producer.close()
    consumer, records = consume(bootstrap, "kafka-python-idempotent", 200, group_id=None)
    consumer.close()
    assert [record.value for record in records] == [b"%d" % n for n in range(200)]


def group(bootstrap):
    """a group commits, and its next member goes on from there"""
    topic = "kafka-python-group"
    create(bootstrap, topic, 2)
    producer = KafkaProducer(bootstrap_servers=bootstrap)
    for n in range(100):
        producer.send(topic, b"%d" % n, partition=n % 2)
    producer.flush()
    first, records = consume(bootstrap, topic, 100, group_id="kafka-python-members", enable_auto_commit=False)
    first.commit()
    assert {p.partition for p in first.assignment()} == {0, 1}
    first.close()
    producer.send(topic, b"later", partition=0)
    producer.flush()
    producer.close()
    second, more = consume(bootstrap, topic, 1, group_id="kafka-python-members", enable_auto_commit=False)
    assert [record.value for record in more] == [b"later"], more
    assert second.committed(TopicPartition(topic, 1)) == 50
    second.close()


def positions(bootstrap):
    """seeking by offset and by time"""
    topic = "kafka-python-positions"
    create(bootstrap, topic, 1)
    producer = KafkaProducer(bootstrap_servers=bootstrap)
    for n in range(10):
        producer.send(topic, b"%d" % n, timestamp_ms=1_600_000_000_000 + n * 1000)
    producer.flush()
    producer.close()
    partition = TopicPartition(topic, 0)
    consumer = KafkaConsumer(bootstrap_servers=bootstrap)
    consumer.assign([partition])
    assert consumer.beginning_offsets([partition]) == {partition: 0}
    assert consumer.end_offsets([partition]) == {partition: 10}
    assert consumer.offsets_for_times({partition: 1_600_000_003_500})[partition].offset == 4
    consumer.seek(partition, 7)
    values = []

    def poll():
        for batch in consumer.poll(timeout_ms=200).values():
            values.extend(record.value for record in batch)
        return values if len(values) >= 3 else None

    assert eventually(poll, "three records") == [b"7", b"8", b"9"]
    consumer.close()


def administer(bootstrap):
    """topics, partitions, configuration and groups are administered"""
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    topic = "kafka-python-admin"
    admin.create_topics([NewTopic(name=topic, num_partitions=1, replication_factor=1)])
    admin.create_partitions({topic: NewPartitions(total_count=3)})
    eventually(lambda: len(admin.describe_topics([topic])[0]["partitions"]) == 3 or None, "three partitions")
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs={"retention.ms": "12345"})])
    described = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    assert "12345" in str(described), described
    admin.delete_topics([topic])
    eventually(lambda: topic not in admin.list_topics() or None, "the topic is gone")
    admin.close()


def committed_by_hand(bootstrap):
    """offsets are committed with metadata, without subscribing"""
    topic = "kafka-python-commit"
    create(bootstrap, topic, 1)
    partition = TopicPartition(topic, 0)
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, group_id="kafka-python-by-hand", enable_auto_commit=False)
    consumer.assign([partition])
    consumer.commit({partition: OffsetAndMetadata(42, "where it stood", -1)})
    assert consumer.committed(partition) == 42
    assert consumer.committed(partition, metadata=True).metadata == "where it stood"
    consumer.close()


run([round_trip("gzip"), idempotent, group, positions, administer, committed_by_hand])
