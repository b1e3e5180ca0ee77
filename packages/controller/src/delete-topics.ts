/**
 * DeleteTopics, by name or by id. One RemoveTopic record takes the topic's partitions and configurations with it.
 * Source: KIP-4, KIP-516.
 */
import { metadataRecord, type MetadataRecord, type TopicImage } from '@braidlog/metadata'
import { ErrorCode, ZERO_UUID, type Uuid } from '@braidlog/model'
import type { DeleteTopicsRequest, DeleteTopicsResponse } from '@braidlog/protocol'
import { duplicatesOf, fault, NO_FAULT, type Fault } from './fault.ts'
import type { ControllerState, Decision } from './state.ts'

type TopicResult = DeleteTopicsResponse['responses'][number]

/** What a request says of one topic: a name, or an id, never both. */
interface Wanted {
  readonly name: string | null
  readonly topicId: Uuid
}

export function decideDeleteTopics(
  state: ControllerState,
  request: DeleteTopicsRequest,
): Decision<DeleteTopicsResponse> {
  const wanted: Wanted[] = [...request.topicNames.map((name) => ({ name, topicId: ZERO_UUID })), ...request.topics]
  const resolved = wanted.map((each) => resolve(state, each))
  const duplicates = duplicatesOf(resolved.filter((each): each is TopicImage => 'id' in each).map((topic) => topic.id))
  const records: MetadataRecord[] = []
  const responses: TopicResult[] = []
  for (const [index, topic] of resolved.entries()) {
    const asked = wanted[index]!
    if (!('id' in topic)) responses.push({ ...asked, ...topic })
    else if (duplicates.has(topic.id)) {
      responses.push({ ...asked, ...fault('INVALID_REQUEST', `the request names topic ${topic.name} more than once`) })
    } else if (!state.settings.configs['delete.topic.enable']) {
      responses.push({ ...asked, ...fault('TOPIC_DELETION_DISABLED', 'delete.topic.enable is false') })
    } else {
      records.push(metadataRecord('RemoveTopic', { topicId: topic.id }))
      responses.push({ name: topic.name, topicId: topic.id, ...NO_FAULT })
    }
  }
  return { records, response: { throttleTimeMs: 0, responses } }
}

function resolve(state: ControllerState, { name, topicId }: Wanted): TopicImage | Fault {
  if (name !== null && topicId !== ZERO_UUID) {
    return fault('INVALID_REQUEST', 'a topic to delete is named by its name or by its id, not by both')
  }
  if (name !== null) {
    return state.image.topic(name) ?? fault('UNKNOWN_TOPIC_OR_PARTITION', `there is no topic ${name}`)
  }
  if (topicId === ZERO_UUID) return fault('INVALID_REQUEST', 'a topic to delete has neither a name nor an id')
  return (
    state.image.topicById(topicId) ?? {
      errorCode: ErrorCode.UNKNOWN_TOPIC_ID,
      errorMessage: `there is no topic with the id ${topicId}`,
    }
  )
}
