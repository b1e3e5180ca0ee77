/**
 * What a topic may be called. Names become directory names and metric names, which is where the rules come from:
 * letters, digits, `.`, `_` and `-`, at most 249 characters, not `.` or `..`. Two names that differ only in `.` and `_`
 * collide in metric names and must not both exist.
 */

export const TOPIC_NAME_LENGTH_MAX = 249

export const CLUSTER_METADATA_TOPIC = '__cluster_metadata'
export const CONSUMER_OFFSETS_TOPIC = '__consumer_offsets'
export const TRANSACTION_STATE_TOPIC = '__transaction_state'
export const SHARE_GROUP_STATE_TOPIC = '__share_group_state'

/** Topics that the cluster itself owns: clients see them, but may not write to them directly. */
export function isInternalTopic(name: string): boolean {
  return name === CONSUMER_OFFSETS_TOPIC || name === TRANSACTION_STATE_TOPIC || name === SHARE_GROUP_STATE_TOPIC
}

/** @returns what is wrong with `name`, as the end of a sentence, or `undefined` when it is a legal topic name. */
export function topicNameProblem(name: string): string | undefined {
  if (name === '') return 'a topic name must not be empty'
  if (name === '.' || name === '..') return 'a topic name must not be "." or ".."'
  if (name.length > TOPIC_NAME_LENGTH_MAX) {
    return `a topic name must have at most ${TOPIC_NAME_LENGTH_MAX} characters, this one has ${name.length}`
  }
  if (!/^[a-zA-Z0-9._-]+$/.test(name)) {
    return `the topic name ${JSON.stringify(name)} has a character other than letters, digits, ".", "_" and "-"`
  }
  return undefined
}

/** Topics with equal keys would share their metric names. */
export function topicCollisionKey(name: string): string {
  return name.replaceAll('.', '_')
}

export function hasCollisionCharacters(name: string): boolean {
  return name.includes('.') || name.includes('_')
}
