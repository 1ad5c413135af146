import { Resolver, type LookupAddress } from 'node:dns'
import http from 'node:http'
import https from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { retryAfterMs } from '../adapter/http.ts'
import { storable } from '../db/storable.ts'
import { assertPublicLiteral, guardedLookup, PrivateAddress } from '../net-guard.ts'
import { scrubText } from '../scrub.ts'

/** Why there is no 2xx. `refused_address`: it is not on the internet, nothing was sent; `cut`: the connection ended before an answer; `invalid_answer`: it was not HTTP; `no_secret`: its signing secret cannot be opened, nothing was sent. */
export type SendError = 'timeout' | 'refused_address' | 'dns' | 'connect' | 'tls' | 'cut' | 'invalid_answer' | 'redirect' | 'status' | 'stopped' | 'no_secret'

export interface Answer {
  /** Undefined: no status line came. */
  status: number | undefined
  /** Undefined: 2xx. */
  error: SendError | undefined
  /** What came first of the answer, without secrets: some headers, and a kilobyte of the body. */
  head: { headers: Record<string, string>, body: string } | undefined
  durationMs: number
  /** As the receiver asked. */
  retryAfterMs: number | undefined
}

export interface Sender {
  /** POSTs the body. Never rejects, never follows a redirect, and is over within the time-out whatever the receiver does. */
  send: (url: string, headers: Record<string, string>, body: string, signal?: AbortSignal) => Promise<Answer>
  /** Ends kept sockets. */
  close: () => void
}

export interface SenderOptions {
  /** From the look-up of the name to the status line. */
  timeoutMs: number
  /** For development: this machine and private networks as well. */
  allowPrivate: boolean
  now: () => Date
  /** In place of DNS, below the guard: a test's. */
  resolve?: Parameters<typeof guardedLookup>[0]
  /** Further certificate authorities, PEM. */
  ca?: string | undefined
}

const keptBytes = 1024
const keptHeaders = 20
/** More than that of an answer is not read: the socket is closed instead. */
const readBytes = 64 * 1024
/** The status decides; how long its body may dawdle. */
const bodyMs = 1000
const idleSocketMs = 10_000

export function createSender ({ timeoutMs, allowPrivate, now, resolve = withoutThreads(), ca }: SenderOptions): Sender {
  const options = { keepAlive: true, maxFreeSockets: 64, timeout: idleSocketMs, scheduling: 'lifo' as const }
  const agents = { http: new http.Agent(options), https: new https.Agent({ ...options, ...(ca !== undefined && { ca }) }) }
  const lookup: LookupFunction | undefined = allowPrivate ? undefined : guardedLookup(resolve)

  async function send (text: string, headers: Record<string, string>, body: string, signal?: AbortSignal): Promise<Answer> {
    const startedAt = performance.now()
    const url = new URL(text)
    const payload = Buffer.from(body)
    try {
      if (!allowPrivate) assertPublicLiteral(url.hostname)
    } catch {
      return { status: undefined, error: 'refused_address', head: undefined, durationMs: 0, retryAfterMs: undefined }
    }
    const first = await exchange(url, headers, payload, timeoutMs, signal)
    // A kept socket that the receiver was just closing: it has not seen the request, and if it had, the id is the same.
    const { heard, error } = first.stale ? await exchange(url, headers, payload, Math.max(1, timeoutMs - (performance.now() - startedAt)), signal) : first
    return {
      status: heard?.status,
      error: heard === undefined ? error : problemOf(heard.status),
      head: heard && { headers: heard.headers, body: storable(scrubText(new TextDecoder().decode(Buffer.concat(heard.chunks).subarray(0, keptBytes)))) },
      durationMs: Math.round(performance.now() - startedAt),
      retryAfterMs: heard && retryAfterMs(heard.all, now())
    }
  }

  async function exchange (url: URL, headers: Record<string, string>, payload: Buffer, withinMs: number, signal?: AbortSignal): Promise<Exchange> {
    return await new Promise(resolve => {
      const secure = url.protocol === 'https:'
      let heard: Heard | undefined
      let ended = false
      const request = (secure ? https : http).request(url, {
        method: 'POST',
        agent: secure ? agents.https : agents.http,
        headers: { ...headers, 'content-length': payload.length },
        maxHeaderSize: 16 * 1024,
        ...(lookup !== undefined && { lookup })
      })
      const end = (error?: SendError, stale = false): void => {
        if (ended) return
        ended = true
        clearTimeout(timer)
        signal?.removeEventListener('abort', stop)
        resolve({ heard, error, stale })
      }
      /** What is known by now is the answer, and the socket is not used again. */
      const cutOff = (error: SendError): void => {
        end(error)
        request.destroy()
      }
      const stop = (): void => { cutOff('stopped') }
      let timer = setTimeout(() => { cutOff('timeout') }, withinMs)
      if (signal?.aborted === true) return stop()
      signal?.addEventListener('abort', stop)
      request.on('error', error => { end(errorOf(error), heard === undefined && request.reusedSocket && /^(ECONNRESET|EPIPE)$/.test(codeOf(error))) })
      request.on('close', () => { end('cut') })
      request.on('upgrade', ({ statusCode = 101 }, socket) => {
        socket.destroy()
        heard = { status: statusCode, headers: {}, all: {}, chunks: [] }
        end()
      })
      request.on('response', response => {
        clearTimeout(timer)
        timer = setTimeout(() => { cutOff('timeout') }, bodyMs)
        const all = Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, [value].flat().join(', ')]))
        heard = { status: response.statusCode!, headers: shown(all), all, chunks: [] }
        let read = 0
        response.on('data', (chunk: Buffer) => {
          if (read < keptBytes) heard!.chunks.push(chunk)
          read += chunk.length
          if (read > readBytes) cutOff('invalid_answer')
        })
        response.on('end', () => { end() })
        response.on('error', () => { end() })
        response.on('close', () => { end() })
      })
      request.end(payload)
    })
  }

  return {
    send,
    close: () => {
      agents.http.destroy()
      agents.https.destroy()
    }
  }
}

interface Heard { status: number, headers: Record<string, string>, all: Record<string, string>, chunks: Buffer[] }
interface Exchange { heard: Heard | undefined, error: SendError | undefined, stale: boolean }

function problemOf (status: number): SendError | undefined {
  if (status >= 200 && status < 300) return undefined
  return status >= 300 && status < 400 ? 'redirect' : 'status'
}

/** A cookie of theirs is nobody's business. */
function shown (headers: Record<string, string>): Record<string, string> {
  return storable(Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'set-cookie').slice(0, keptHeaders).map(([name, value]) => [name.slice(0, 80), scrubText(value.slice(0, 200))])))
}

const codeOf = (error: Error): string => String((error as { code?: unknown }).code ?? '')

function errorOf (error: Error): SendError {
  const code = codeOf(error)
  // Several addresses were tried, and none answered.
  const [inner] = error instanceof AggregateError ? error.errors as Error[] : []
  if (inner !== undefined) return errorOf(inner)
  if (error instanceof PrivateAddress) return 'refused_address'
  if (/^(ENOTFOUND|EAI_|ENODATA|ESERVFAIL|EREFUSED|EBADNAME|ETIMEOUT|ECANCELLED|EFORMERR|ENOTIMP)/.test(code)) return 'dns'
  if (/^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|EADDRNOTAVAIL|EACCES|EINVAL)$/.test(code)) return 'connect'
  if (code.startsWith('HPE_')) return 'invalid_answer'
  if (/^(ECONNRESET|EPIPE)$/.test(code)) return 'cut'
  return 'tls'
}

/**
 * DNS that waits for nobody else's: the system's look-up has four threads in a process, and four names whose servers are silent
 * would hold up every other. It reads no hosts file; the guard would refuse what stands there.
 */
function withoutThreads (): NonNullable<SenderOptions['resolve']> {
  const resolver = new Resolver({ timeout: 2000, tries: 2 })
  const lookup = (host: string, _options: unknown, done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void): void => {
    if (isIP(host) !== 0) return done(null, [{ address: host, family: isIP(host) }])
    let failure: NodeJS.ErrnoException | null = null
    let waiting = 2
    const found: LookupAddress[][] = [[], []]
    const collect = (place: number, family: number) => (error: NodeJS.ErrnoException | null, addresses: string[]): void => {
      if (error !== null) failure = error
      else found[place] = addresses.map(address => ({ address, family }))
      if (--waiting > 0) return
      const all = found.flat()
      done(all.length > 0 ? null : failure, all)
    }
    resolver.resolve4(host, collect(0, 4))
    resolver.resolve6(host, collect(1, 6))
  }
  return lookup as unknown as NonNullable<SenderOptions['resolve']>
}
