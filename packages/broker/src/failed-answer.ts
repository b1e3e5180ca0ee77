/**
 * The answer to a request that the controllers could not take: its API's own way to say so, so that clients try again or
 * tell their users, instead of finding the connection closed.
 */
import { ControllerError } from '@braidlog/controller'
import { ErrorCode, ZERO_UUID } from '@braidlog/model'
import type {
  AlterConfigsRequest,
  CreateAclsRequest,
  CreatePartitionsRequest,
  CreateTopicsRequest,
  DeleteAclsRequest,
  DeleteTopicsRequest,
} from '@braidlog/protocol'

interface Failed {
  readonly errorCode: ErrorCode
  readonly errorMessage: string
}

/** @returns `undefined`: nothing can be said, the connection has to end */
export function failedAnswer(apiKey: number, request: object, error: unknown): object | undefined {
  const failed = failedOf(error)
  if (failed === undefined) return undefined
  switch (apiKey) {
    case 19:
    case 37: {
      const topics = (request as CreateTopicsRequest | CreatePartitionsRequest).topics.map(({ name }) => ({
        name,
        ...failed,
      }))
      return apiKey === 19 ? { topics } : { results: topics }
    }
    case 20: {
      const { topics, topicNames } = request as DeleteTopicsRequest
      const all = [...topics, ...topicNames.map((name) => ({ name, topicId: ZERO_UUID }))]
      return { responses: all.map((topic) => ({ ...topic, ...failed })) }
    }
    case 30:
      return { results: (request as CreateAclsRequest).creations.map(() => failed) }
    case 31:
      return { filterResults: (request as DeleteAclsRequest).filters.map(() => failed) }
    case 33:
    case 44: {
      const { resources } = request as AlterConfigsRequest
      return {
        responses: resources.map(({ resourceType, resourceName }) => ({ resourceType, resourceName, ...failed })),
      }
    }
    case 18:
    case 57:
    case 64:
    case 70:
      return failed
    default:
      // All others that go to the controllers have one code for the whole.
      return { errorCode: failed.errorCode }
  }
}

function failedOf(error: unknown): Failed | undefined {
  if (!(error instanceof ControllerError)) return undefined
  const answer = (errorCode: ErrorCode) => ({ errorCode, errorMessage: error.message })
  switch (error.code) {
    case 'NOT_CONTROLLER':
      return answer(ErrorCode.NOT_CONTROLLER)
    case 'TIMED_OUT':
    case 'QUEUE_FULL':
      return answer(ErrorCode.REQUEST_TIMED_OUT)
    case 'REFUSED':
      return answer(ErrorCode.UNKNOWN_SERVER_ERROR)
    case 'ABORTED':
    case 'CLOSED':
    case 'STORAGE_FAILED':
    case 'WRONG_CLUSTER':
      return undefined
    default:
      return error.code satisfies never
  }
}
