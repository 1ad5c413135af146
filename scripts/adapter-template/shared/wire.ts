import { type ConnectionContext, errorOfStatus, jsonOf, type Mode, ProviderError } from '../../../core/adapter/index.ts'

/** Their words in ours, and the other way. Nothing here keeps anything. */

export function detectMode (credentials: Readonly<Record<string, string>>): Mode | 'contradictory' | undefined {
  return /^acme_(test|live)_/.exec(credentials['api_key'] ?? '')?.[1] as Mode | undefined
}

/** One request. 429 did nothing, 5xx may have acted, 4xx refused: `errorOfStatus` says so; the provider's own code goes beside it. */
export async function call (context: ConnectionContext, method: 'GET' | 'POST', path: string, body?: object): Promise<unknown> {
  const response = await context.http({
    method,
    url: `${context.origin()}${path}`,
    headers: { authorization: `Bearer ${context.credentials['api_key'] ?? ''}`, 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body)
  })
  const error = errorOfStatus(response, context.now())
  if (error !== undefined) throw error
  return jsonOf(response)
}

export function scrub (transcript: string, credentials: Readonly<Record<string, string>>): string {
  return Object.values(credentials).reduce((text, value) => value.length < 4 ? text : text.replaceAll(value, '[redacted]'), transcript)
}

export function notWritten (what: string): never {
  throw new ProviderError({ code: 'unsupported', reached: 'nowhere', providerCode: `${what} is not written yet` })
}
