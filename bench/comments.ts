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
  ],
  'broker-consume': [
    'Large fetches are where Apache Kafka is strongest: its bytes go from the file to the socket inside the kernel (sendfile), ours are read ' +
      'into memory and written to the socket, which is two copies more. Node.js has no call for it; a native one was left out ' +
      '(decision 9) as long as the difference is some tenths of a CPU second per gigabyte.',
    'From disk, ours reads through the thread pool of libuv, so that a slow disk does not hold up the event loop. A hop to that pool costs ' +
      'more CPU than the read does: it is most of the difference to the row from the page cache.',
  ],
  'broker-peak': [
    'On two cores the load program takes what the server leaves. Where the load is the limit, both servers come out alike.',
  ],
  durable: [
    'Both flush before they acknowledge. Apache Kafka flushes each append by itself, under the lock of the partition; ours has one flush of a ' +
      'file under way and acknowledges everything that it covers at once. The difference grows with the number of producers and with the time ' +
      'that the disk takes.',
  ],
  embedded: [
    'Most of it is JavaScript that runs for the first time: nothing has been optimised yet, and the compilers run beside it. The flame graph ' +
      'at the end of the page shows no single cause.',
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
  'client-concurrent': [
    'One request carries what has gathered while the one before was under way. What remains per record is its promise and the loop of the ' +
      'measurement itself, which awaits it.',
  ],
  'client-start': [
    'Loading code is nearly all of it. KafkaJS is a few files of plain JavaScript; the two bindings load a library that was compiled before. ' +
      'Ours compiles the codecs of the messages it uses when it first uses them.',
  ],
  'client-memory': [
    'KafkaJS does not fetch ahead while a handler is busy: little memory, and a pause before every fetch.',
  ],
}
