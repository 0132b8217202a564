/** An RFC 9457 problem: `type` is a stable identifier, `detail` names the field, the cause and the next step. */
export interface ProblemDetails {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  /** Field of the request at fault, as a path, when there is one. */
  readonly field?: string
  /** The same text under the name that Open Inference Protocol clients read. */
  readonly error: string
}

export const PROBLEM_CONTENT_TYPE = 'application/problem+json'

export function problemDetails(
  status: number,
  code: string,
  title: string,
  detail: string,
  field?: string,
): ProblemDetails {
  return {
    type: `urn:sluice:problem:${code}`,
    title,
    status,
    detail,
    ...(field === undefined ? {} : { field }),
    error: detail,
  }
}
