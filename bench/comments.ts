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
      'the page cache must be found; on a virtual machine whose host takes free memory back (free page reporting, as here) a page that was ' +
      'free for some seconds must be fetched from there first. A program that only writes a file took 0.2 CPU seconds a gigabyte right after ' +
      'another file had been deleted, and up to 2 some seconds later. Which of the two a row meets depends on what was deleted before it. ' +
      'Overwriting old segments would avoid it (0.1 s/GB), and was left out: stale batches behind the end of a log make recovery harder to trust.',
  ],
  'broker-consume': [
    'Large fetches are where Apache Kafka is strongest: its bytes go from the file to the socket inside the kernel (sendfile), ours are read ' +
      'into memory and written to the socket, which is two copies more. Node.js has no call for it; a native one was left out ' +
      '(decision 9) as long as the difference is some tenths of a CPU second per gigabyte.',
    'What lies more than 64 MiB behind the end of a log ours reads in the thread pool of libuv, so that a slow disk does not hold up the event ' +
      'loop: up to 4 MiB with one hop, for the fetches that follow, which makes the hop cheap (0.02 s/GB). Nearer to the end it reads on the event ' +
      'loop, taking the bytes to be in the page cache. The difference between the rows from disk and those from the page cache is the work of the ' +
      'kernel, finding pages and filling them, and since decision 27 a checksum: what ours reads from the disk it verifies before it sends it ' +
      '(0.2 s/GB for the checksum alone), so that damage is noticed and made good. Apache Kafka sends it unread. ' +
      'That is why three of the four rows from disk are behind now, where one was before; the work of other programs on the machine during this ' +
      "run is in both sides' figures.",
  ],
  'broker-peak': [
    'On two cores the load program takes what the server leaves. Where the load needs most of the CPU, both servers come out alike, and no ' +
      'server could be ahead by much: with `load` and `server` the CPU seconds a gigabyte of the tables above, one that needed no CPU at all would ' +
      'reach (load + server of Apache Kafka) / load times its throughput. For records of 100 B that is little more than what is ' +
      'asked for here. Reading 1 KiB records is the copying of the kernel, on both sides of the socket: sendfile or not, the servers take about ' +
      'the same.',
    'The rows of a bare event loop say what Node.js can do without Braidlog. While memory is at hand, ours takes three to four tenths of a CPU ' +
      'second a gigabyte more: a checksum over every byte (0.17), and finding its way to the right file. Nothing else shows in the flame graph of ' +
      '1 MiB batches at the end of the page: the kernel copies out of sockets and into files, and in JavaScript are a few percent. Where pages have ' +
      'to be fetched from the host, bare and whole come out alike, at five times the CPU.',
    'Appends of 256 KiB and more go to the thread pool, two at a time, while the loop goes on receiving and checking (decision 22); smaller ones stay ' +
      'on the event loop, where they cost least. Choosing by how long recent writes took was tried: a tenth less CPU while memory is at hand, and ' +
      'no more throughput. The size of the pieces, from 64 KiB to 4 MiB, made no difference to a program that only writes.',
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
    'The import is what a test file pays once, the rest is what it pays before its first test. Both are JavaScript that runs for the first ' +
      'time: the process is never idle, no step waits for a timer, and nothing is left to do in parallel. What npm gets is therefore one script ' +
      'with a cache of what V8 compiled in an earlier process, functions included, which the compile cache of Node.js lacks (decision 28): of ' +
      'some 70 ms of CPU that took 30. Codecs that were made beforehand took another 10, and a listener that loads neither `dns` nor `cluster` 6.',
    'What bounds the rest is the second start of a process, the same work with everything compiled and seen before: it is half of the first. ' +
      'The other half is spread over hundreds of functions that run once or twice, in the interpreter and without type feedback, and two collections ' +
      'of the young generation, 2 ms each. Tried without a gain: interpreting codecs instead of compiling them, eager compilation of everything ' +
      '(48 ms, and an import that takes 25 more), a larger young generation. The flame graph is at the end of the page.',
  ],
  restart: [
    'After an orderly stop ours lists each directory and trusts its checkpoints; a log is opened when it is first used. After a crash Apache ' +
      'Kafka reads every log again, ours those that were written to.',
  ],
  brokers: [
    'Requests of one record with many of them in flight are where one event loop is the bound: the load takes a third of what the servers do or less, ' +
      'because it sends as many as are due with one write. There a second broker brings what the two cores still have: a gigabyte costs two brokers ' +
      'about what it costs one.',
    'With 16 KiB batches two brokers need more CPU for each gigabyte than one, since each has fewer requests to share a wake-up, and the kernel, ' +
      'which moves the bytes, has the second core at its disposal anyway. On two cores they share both with the load, so that two brokers cannot come ' +
      'near twice of one; with more cores than brokers the load would not stand in the way.',
  ],
  replication: [
    'Two more copies cost more than twice the first: each follower asks for what is new, the leader answers, the follower appends and asks ' +
      'again, and an acknowledgement waits for the next question of the slowest. The less a round carries, the dearer a gigabyte is; a ' +
      'single record of 1 KiB pays for two rounds of its own. With five 16 KiB batches in flight to each partition a round carries five or six of ' +
      'them. Having the leader hold answers back for one or two milliseconds, so that they carry more, was tried: it saved nothing there, and made ' +
      'single records wait.',
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
    'A single sender is a round trip: client, server, client. A look at single sends says where the slow ones come from. In a process that has ' +
      'sent 20,000, one in 313 has a collection of the young generation in it, half a millisecond, and no other cause comes back at any ' +
      'interval: no timer, no metadata, no roll of a segment. That is a third of a percent: p99 is what the scheduler of the machine takes to wake either process, p99.9 the garbage collector.',
    'Before that, in the first 10,000 sends, V8 compiles on threads that take a core from client or server: one send in a hundred takes one to ' +
      'three milliseconds then, with every JavaScript client. As long as a round was a second of sends after a second of them, p99 was a ' +
      'figure of that, and changed fourfold from round to round.',
    'On Apache Kafka the server has such phases of its own: its p99 is several times that on ours with each client.',
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
    'Records of 1 KiB without a codec, on Apache Kafka: the server is the limit there, and it pays by the batch. Ours sends 64 KiB in one by ' +
      'default (decision 14), librdkafka up to 1,000,000 bytes, for which Apache Kafka was seen to take half of the CPU a record. A larger ' +
      '`batchSizeBytes` gives the same to ours. With gzip the same library compresses for all of them, level 6: what differs is noise.',
  ],
  'client-consume': [
    'At 1 KiB all fast clients come near each other: the bytes themselves cost most, from the socket to the checksum. kafka-crab-js decodes ' +
      'on threads of its own, so that it can be ahead in records/s where it takes about twice the CPU.',
    'A quarter of our time at 1 KiB is garbage collection: every answer has a buffer of its own, because values are views of it that the ' +
      'application may keep. Buffers could be used again only if it had to say when it is done with them.',
  ],
  'client-start': [
    'Loading code is most of it, and bare Node.js 20 to 25 ms of CPU. Ours comes as one file with everything below it, and with the codecs of ' +
      'the first messages made beforehand: 58 ms of CPU where a file for each of six packages took 73, and 179 modules 70 more. The two bindings ' +
      'load a library that was compiled before: they are ahead in CPU.',
    'What is left of ours is in the flame graph at the end of the page: modules of Node.js for sockets and streams, which are evaluated ' +
      'when they are first used (a third), and the first round trips. Tried: asking for those modules without `import`, which reads all that they ' +
      'export, gains 2 ms and costs a clear bundle. A cache of compiled functions, as the testkit has, would be in the way of those who bundle ' +
      'their programs.',
  ],
  'client-memory': [
    'KafkaJS does not fetch ahead while a handler is busy: little memory, and a pause before every fetch. Ours fetches ahead until its budget ' +
      'is full, and counts whole answers, views of them included.',
  ],
}
