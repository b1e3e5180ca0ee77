/**
 * Codecs whose source was written beforehand, by the names that `codec.ts` gives them: `FetchRequest.v17.read`.
 *
 * Empty here: in a checkout, each is generated and compiled when it is first used. What is packed for npm has another file in
 * this one's place, with the codecs that a start needs (`tools/start-codecs.ts`, decision 28).
 */

/** Takes what the source names, in the order of its scope; returns the codec. */
export type CodecFactory = (...scope: readonly unknown[]) => unknown

export const precompiled: Readonly<Partial<Record<string, CodecFactory>>> = {}
