/** Values that look like those of applications: JSON of a given size that compresses about as well as real documents do. */
import { below, SeededRandom, type Random } from '@braidlog/base'

const count = 256

/** The same documents for every client, each of exactly that size. */
export function values(sizeBytes: number): readonly Buffer[] {
  const random = new SeededRandom(7)
  return Array.from({ length: count }, (_, index) => {
    const start = `{"id":${1_000_000 + index},"state":"${['open', 'paid', 'sent'][index % 3]!}","note":"`
    let note = ''
    while (start.length + note.length + 2 < sizeBytes) note += `${word(random)} `
    return Buffer.from(`${start}${note.slice(0, sizeBytes - start.length - 2)}"}`)
  })
}

const words = 'order customer invoice delivery address payment pending tomorrow express parcel return credit'.split(' ')

/** Half of them words, half of them numbers. */
function word(random: Random): string {
  return below(random, 2) === 0 ? words[below(random, words.length)]! : String(below(random, 1_000_000))
}
