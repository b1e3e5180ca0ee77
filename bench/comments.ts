/**
 * What the tables do not say by themselves, by scenario: what is lost, what bounds it, what was tried. Markdown, a paragraph each.
 *
 * Written by people after looking at runs; nothing here quotes a figure that the tables above it would contradict after the next run.
 */
export const comments: Readonly<Record<string, readonly string[]>> = {
  'broker-produce': [
    'Why a request costs less here: no thread is handed anything on the way. One event loop reads the socket into memory that it keeps, ' +
      'checks the batch, writes it and answers; the acknowledgements of a turn leave together. The smaller the requests, the more that counts. ' +
      'On a virtual machine, where waking a thread is dear, it counts more than it would on bare metal.',
    'Why large batches bring the two together: there the kernel takes most of the time, and takes it from both. The flame graph of 16 KiB ' +
      'batches at the end of the page has more than half of the time in `write`, and with 1 MiB it is more. A page of the file that is new to ' +
      'the page cache must be found and cleared; on a virtual machine whose host has taken its memory back it must be fetched from there too, ' +
      'which has been seen to cost from 0.3 to 3 CPU seconds per gigabyte, changing from minute to minute. Overwriting old segments would ' +
      'avoid it (0.1 s/GB), and was left out: stale batches behind the end of a log make recovery harder to trust.',
  ],
  'broker-consume': [
    'Large fetches are where Apache Kafka is strongest: its bytes go from the file to the socket inside the kernel (sendfile), ours are read ' +
      'into memory and written to the socket, which is two copies more. Node.js has no call for it; a native one was left out ' +
      '(decision 9) as long as the difference is some tenths of a CPU second per gigabyte.',
    'From disk, ours reads through the thread pool of libuv, so that a slow disk does not hold up the event loop. A hop to that pool costs ' +
      'more CPU than the read does: it is most of the difference to the row from the page cache.',
  ],
  'broker-peak': [
    'On two cores the load program takes what the server leaves. Where the load is the limit, both servers come out alike: 100 B, and reading.',
    'Large batches are where fresh pages of the page cache are dear (see above) and Apache Kafka writes from as many threads as there are ' +
      'cores. Ours hands appends of 256 KiB and more to the thread pool, two at a time, and goes on receiving and checking meanwhile ' +
      '(decision 22); smaller ones stay on the event loop, where they cost least. Where pages are dear that was worth a quarter to a half of the ' +
      'throughput, for a fifth to a third more CPU; where they are at hand, writing on the event loop was no slower.',
  ],
  durable: [
    'Both flush before they acknowledge. Apache Kafka flushes each append by itself, under the lock of the partition; ours has one flush of a ' +
      'file under way and acknowledges everything that it covers at once. The difference grows with the number of producers and with the time ' +
      'that the disk takes.',
    'With the default batches of librdkafka there is little to gather: requests of up to a megabyte, one flush for each, as fast as the disk ' +
      'takes bytes. A program that only writes a megabyte to each of four files and calls fdatasync, over and over, came to 290 and 600 MB/s ' +
      'on this disk in two runs, while others used it too; with four megabytes a flush it was slower. That points to the disk: three times what ' +
      'Apache Kafka reaches would be more than that program ever did. The goal is missed there.',
  ],
  embedded: [
    'The first start of a process is JavaScript that runs for the first time: about half of it in the server, a third in creating the topic ' +
      'through the client, the rest in the first record. The process is never idle meanwhile, so there is nothing to do in parallel. The largest ' +
      'parts are the codecs of some thirty messages, made and compiled when they are first used (a quarter), and one regular expression of ' +
      'Node.js for IPv6 addresses (4 ms) that `listen` with a host asks for; all else is spread over hundreds of functions. The second start shows ' +
      'what the work itself costs. A bundle with codecs made beforehand would take the most off; decisions 11 and 13 say why there is none in ' +
      'the repository. The flame graph is at the end of the page.',
  ],
  restart: [
    'After an orderly stop ours lists each directory and trusts its checkpoints; a log is opened when it is first used. After a crash Apache ' +
      'Kafka reads every log again, ours those that were written to.',
  ],
  brokers: [
    'Two brokers need more CPU for each gigabyte than one, since each has fewer requests to share a wake-up; they gain what one event loop ' +
      'cannot have, a second core. On two cores they share both with the load, so that two brokers cannot come near twice of one; with more cores ' +
      'than brokers the load would not stand in the way.',
  ],
  replication: [
    'Two more copies cost more than twice the first: each follower asks for what is new, the leader answers, the follower appends and asks ' +
      'again, and an acknowledgement waits for the next question of the slowest. The less a round carries, the dearer a gigabyte is; a ' +
      'single record of 1 KiB pays for two rounds of its own.',
    'Six processes of two clusters share two cores with the load, so that an answer waits for whoever has the core: p99 is a figure of ' +
      'scheduling as much as of either server. Apache Kafka hands each request to several threads on the way, in three JVMs, and each hand-over ' +
      'waits for a core as well. With a core for each node it would come nearer.',
    '"On disk" flushes each copy before it counts: ours shares one flush among all that has arrived for a file, Apache Kafka flushes each append ' +
      'by itself, at the leader and at both followers.',
  ],
  failover: [
    'Without its last heartbeat a node is noticed when its session ends: on both sides the write gap is `broker.session.timeout.ms` less the age ' +
      'of the last heartbeat, plus one decision of the controller, which every broker learns of at once. When the active controller dies with ' +
      'it, the followers of the quorum must miss it first (`controller.quorum.fetch.timeout.ms`) and elect another, which then gives every broker ' +
      'a whole session before it fences any: it has heard none of their heartbeats.',
    'An orderly stop has no such gap, since leadership moves before the node goes.',
    'A copy is one connection with one request in flight (`num.replica.fetchers=1`), on both sides, and the writing of fresh pages at the ' +
      'target. "Copied in" has the start of the process in it when a broker comes back.',
  ],
  'client-concurrent': [
    'One request carries what has gathered while the one before was under way: all 256 records, as a look at the requests shows. What remains ' +
      'per record is its promise and the loop of the measurement itself, which awaits it.',
    'Client and server take turns then, and the ratio follows from how long the server takes. Two requests of 128 records would let them work ' +
      'at the same time, for twice the requests; on two cores that the server needs as well, nothing is gained.',
  ],
  'client-sequential': [
    'A single sender is a round trip: client, server, client. What differs between the JavaScript clients is within the noise of p99 here.',
  ],
  'client-stream': [
    'With a codec, compression is most of the work: 2.5 to 3 µs of CPU a record of 1 KiB for zstd, 5 for snappy and LZ4, 27 for gzip, on text ' +
      'that changes. Ours compresses batches in the thread pool of libuv while the event loop goes on (decision 23), librdkafka on a thread of its ' +
      'own, @platformatic/kafka in the pool as well, a batch of 1,000 records at a time. Each hop to the pool costs 30 to 100 µs of CPU on a ' +
      'virtual machine, which in ours 64 records of 1 KiB share.',
    'The documents come again only after 4 MiB. As long as they came again after 256 KiB, clients with batches of a megabyte seemed to compress ' +
      'twelve to one with zstd, at half of the CPU: real documents do not repeat themselves like that.',
    'Two cores carry client and server. Where the client alone needs more than one of them, the records per second say as much about what is ' +
      'left for the server as about the client.',
  ],
  'client-consume': [
    'At 1 KiB all fast clients come near each other: the bytes themselves cost most, from the socket to the checksum. kafka-crab-js decodes ' +
      'on threads of its own, so that it can be ahead in records/s where it takes about twice the CPU.',
    'A quarter of our time at 1 KiB is garbage collection: every answer has a buffer of its own, because values are views of it that the ' +
      'application may keep. Buffers could be used again only if it had to say when it is done with them.',
  ],
  'client-start': [
    'Loading code is most of it, and bare Node.js 20 to 25 ms of CPU. Ours comes as one file for each of six packages; before that, as 179 ' +
      'modules, it took 70 ms more. The two bindings load a library that was compiled before: they are ahead in CPU. What is left of ours is in ' +
      'the flame graph at the end of the page: Node.js’ own modules for sockets and streams, and the codecs of the first messages.',
  ],
  'client-memory': [
    'KafkaJS does not fetch ahead while a handler is busy: little memory, and a pause before every fetch. Ours fetches ahead until its budget ' +
      'is full, and counts whole answers, views of them included.',
  ],
}
