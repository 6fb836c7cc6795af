/** Why a stream is refused. */

/** The whole stream; the message is a sentence about it. */
export class Refusal extends Error {}

/** One entry; the message continues a sentence that begins with its name. */
export class EntryRefusal extends Error {}
