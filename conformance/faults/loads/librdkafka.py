"""A load through librdkafka: idempotent, acks=all, one line of JSON for each record that was sent, delivered or read."""

import json
import signal
import sys
import threading
import time

from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition

bootstrap, topic, partitions, rate, request_timeout_ms, delivery_timeout_ms = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:])
stopping = threading.Event()
lock = threading.Lock()


def say(kind, *fields):
    with lock:
        print(json.dumps([kind, *fields]), flush=True)


def produce():
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "client.id": "faults-librdkafka-sender",
            "enable.idempotence": True,
            "acks": "all",
            "linger.ms": 0,
            "socket.timeout.ms": request_timeout_ms,
            "request.timeout.ms": request_timeout_ms,
            "delivery.timeout.ms": delivery_timeout_ms,
        }
    )

    def delivered(key, value):
        def report(error, message):
            if error is None:
                say("acknowledged", key, value, message.offset())
            else:
                say("unknown", key, value, str(error))

        return report

    value = 0
    due = time.monotonic()
    while not stopping.is_set():
        for key in range(partitions):
            say("sent", key, value)
            while True:
                try:
                    producer.produce(topic, str(value).encode(), partition=key, on_delivery=delivered(key, value))
                    break
                except BufferError:
                    producer.poll(0.1)
            value += 1
        due = max(due + partitions / rate, time.monotonic())
        while (left := due - time.monotonic()) > 0:
            producer.poll(left)
        producer.poll(0)
    producer.flush(delivery_timeout_ms / 1000)


def consume():
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "client.id": "faults-librdkafka-reader",
            "group.id": f"{topic}-librdkafka",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "socket.timeout.ms": request_timeout_ms,
        }
    )
    consumer.assign([TopicPartition(topic, key, 0) for key in range(partitions)])
    while not stopping.is_set():
        read = []
        for message in consumer.consume(1000, 0.1):
            if message.error() is None:
                read.append([message.partition(), message.offset(), int(message.value())])
            elif message.error().code() != KafkaError._PARTITION_EOF:
                say("trouble", str(message.error()))
        say("polled", read)
    consumer.close()


def main():
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    threads = [threading.Thread(target=each) for each in (produce, consume)]
    for thread in threads:
        thread.start()
    for thread in threads:
        while thread.is_alive():
            thread.join(0.2)
    say("ended")


main()
