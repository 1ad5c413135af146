import { AuthenticationError, NotFoundError, PasarelaError, PermissionError } from './errors.ts'

/** Something happened. Ask for the object, or for the event, to learn what. */
export interface Change {
  /** The type of the event: `payment.succeeded`. `stream.opened` and `stream.missed`: read again what you show, for something may have been missed. */
  kind: string
  /** Of the object: `pay_…`. Absent of `stream.*`. */
  id?: string
  /** Of the event: `evt_…`. Absent of `stream.*`. */
  event?: string
}

export interface StreamOptions {
  signal?: AbortSignal
  /** Only these: `payment.succeeded`, `invoice.*`. */
  types?: readonly string[]
}

export interface StreamTools {
  open: (signal: AbortSignal) => Promise<Response>
  random: () => number
  sleep: (ms: number, signal: AbortSignal) => Promise<void>
}

/** Silence that is longer than this means that the connection is dead; the server says something every 15 s. */
const silenceMs = 45_000
const firstWaitMs = 500
const maxWaitMs = 15_000

/** One stream after the other. It throws only what trying again does not change. */
export async function * changes ({ open, random, sleep }: StreamTools, { signal = new AbortController().signal }: StreamOptions): AsyncGenerator<Change, void, undefined> {
  for (let failures = 0; !signal.aborted; failures++) {
    const ended = new AbortController()
    const stop = () => { ended.abort() }
    signal.addEventListener('abort', stop, { once: true })
    try {
      const response = await open(ended.signal)
      for await (const { event, data } of messages(response, ended)) {
        if (signal.aborted) return
        failures = 0
        if (event === 'change') yield JSON.parse(data) as Change
        else yield { kind: `stream.${event}` }
      }
    } catch (error) {
      if (signal.aborted) return
      if (error instanceof AuthenticationError || error instanceof PermissionError || error instanceof NotFoundError) throw error
      if (error instanceof PasarelaError && error.status === 400) throw error
    } finally {
      signal.removeEventListener('abort', stop)
      ended.abort()
    }
    await sleep(Math.min(maxWaitMs, firstWaitMs * 2 ** Math.min(failures, 10)) * (0.5 + random() / 2), signal).catch(() => {})
  }
}

interface Message { event: string, data: string }

/** https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation (read 2026-11-21) */
async function * messages (response: Response, ended: AbortController): AsyncGenerator<Message, void, undefined> {
  if (response.body === null) return
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  let message: Message = { event: 'message', data: '' }
  let silence: ReturnType<typeof setTimeout> | undefined
  const heard = () => {
    clearTimeout(silence)
    silence = setTimeout(() => { ended.abort() }, silenceMs)
  }
  // The signal of a request only follows this one, and may be collected before its body has ended: what waits here is ended here.
  const end = () => { reader.cancel().catch(() => {}) }
  ended.signal.addEventListener('abort', end, { once: true })
  try {
    for (heard(); ;) {
      const { done, value } = await reader.read()
      if (done) return
      heard()
      const lines = (rest + value).split(/\r\n|\n|\r(?!$)/)
      rest = lines.pop() ?? ''
      for (const line of lines) {
        if (line === '') {
          if (message.data !== '') yield message
          message = { event: 'message', data: '' }
        } else if (!line.startsWith(':')) {
          const [, field = '', text = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? []
          if (field === 'data') message.data += `${message.data === '' ? '' : '\n'}${text}`
          else if (field === 'event') message.event = text
        }
      }
    }
  } finally {
    clearTimeout(silence)
    ended.signal.removeEventListener('abort', end)
    await reader.cancel().catch(() => {})
  }
}
