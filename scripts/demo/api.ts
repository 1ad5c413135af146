export interface Answer<T = any> {
  status: number
  headers: Headers
  /** Parsed where it is JSON, text otherwise. */
  body: T
}

const timeoutMs = 30_000

/** One request; every status is an answer. Redirects are not followed: a step looks at them. */
export async function ask<T = any> (url: string, { method = 'GET', headers = {}, body }: { method?: string, headers?: Record<string, string>, body?: string } = {}): Promise<Answer<T>> {
  const response = await fetch(url, { method, headers, redirect: 'manual', signal: AbortSignal.timeout(timeoutMs), ...(body !== undefined && { body }) })
  const text = await response.text()
  const isJson = /[/+]json\b/.test(response.headers.get('content-type') ?? '')
  return { status: response.status, headers: response.headers, body: (isJson && text !== '' ? JSON.parse(text) : text) as T }
}

/** The API as a program of a partner sees it: a URL and a key. */
export class Api {
  readonly url: string
  readonly #headers: Record<string, string>

  constructor (url: string, key: string, tenant?: string) {
    this.url = url
    this.#headers = { authorization: `Bearer ${key}`, ...(tenant !== undefined && { 'pasarela-tenant': tenant }) }
  }

  async get<T = any> (path: string): Promise<Answer<T>> {
    return await ask<T>(this.url + path, { headers: this.#headers })
  }

  async post<T = any> (path: string, body: object = {}, headers: Record<string, string> = {}): Promise<Answer<T>> {
    return await ask<T>(this.url + path, { method: 'POST', headers: { ...this.#headers, 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) })
  }

  async bytes (path: string): Promise<{ status: number, body: Buffer }> {
    const response = await fetch(this.url + path, { headers: this.#headers, signal: AbortSignal.timeout(timeoutMs) })
    return { status: response.status, body: Buffer.from(await response.arrayBuffer()) }
  }

  async delete (path: string): Promise<Answer> {
    return await ask(this.url + path, { method: 'DELETE', headers: this.#headers })
  }
}
