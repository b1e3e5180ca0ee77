/** Values that look like those of applications: JSON of a given size that compresses about as well as real documents do. */
import { below, SeededRandom, type Random } from '@braidlog/base'

/**
 * So many bytes of documents before the first one comes again. More than the largest batch of any client: in a batch with repetitions zstd,
 * whose window is as large, would find whole documents again, and a client with batches of a megabyte would seem to compress twelve to one.
 */
const distinctSizeBytes = 4 << 20

const made = new Map<number, readonly Buffer[]>()

/** The same documents for every client, each of exactly that size; made once. */
export function values(sizeBytes: number): readonly Buffer[] {
  const before = made.get(sizeBytes)
  if (before !== undefined) return before
  const random = new SeededRandom(7)
  const documents = Array.from({ length: Math.ceil(distinctSizeBytes / sizeBytes) }, (_, index) => {
    const start = `{"id":${1_000_000 + index},"state":"${['open', 'paid', 'sent'][index % 3]!}","note":"`
    let note = ''
    while (start.length + note.length + 2 < sizeBytes) note += `${word(random)} `
    return Buffer.from(`${start}${note.slice(0, sizeBytes - start.length - 2)}"}`)
  })
  made.set(sizeBytes, documents)
  return documents
}

const words = 'order customer invoice delivery address payment pending tomorrow express parcel return credit'.split(' ')

/** Half of them words, half of them numbers. */
function word(random: Random): string {
  return below(random, 2) === 0 ? words[below(random, words.length)]! : String(below(random, 1_000_000))
}
