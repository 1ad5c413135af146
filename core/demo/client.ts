/** A few lines of HTTP for the demo: the same API that a partner uses, nothing else. */
export class Client {
  readonly #url: string
  readonly #key: string
  readonly #tenant: string | undefined

  constructor (url: string, key: string, tenant?: string) {
    this.#url = url
    this.#key = key
    this.#tenant = tenant
  }

  as (tenant: string): Client {
    return new Client(this.#url, this.#key, tenant)
  }

  async get<T> (path: string): Promise<T> {
    return await this.#send<T>('GET', path)
  }

  async post<T> (path: string, body: object, headers: Record<string, string> = {}): Promise<T> {
    return await this.#send<T>('POST', path, body, headers)
  }

  /** Throws with the problem's own sentence when the answer is not 2xx. */
  async #send<T> (method: string, path: string, body?: object, headers: Record<string, string> = {}): Promise<T> {
    const response = await fetch(this.#url + path, {
      method,
      headers: {
        authorization: `Bearer ${this.#key}`,
        ...(this.#tenant !== undefined && { 'pasarela-tenant': this.#tenant }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers
      },
      ...(body !== undefined && { body: JSON.stringify(body) })
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`)
    return (text === '' ? undefined : JSON.parse(text)) as T
  }
}
