/** Collects wire types. */
export class Writer {}
