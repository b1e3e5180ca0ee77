/** Reads wire types from bytes it does not own. */
export class Reader {}
