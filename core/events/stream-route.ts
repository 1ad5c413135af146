import { Type } from 'typebox'
import type { HubInstance } from '../http.ts'
import { closed } from '../http-schema.ts'
import { EventTypePattern } from './schema.ts'
import type { Heard, Streams } from './streams.ts'

export interface StreamRouteOptions {
  streams: Pick<Streams, 'open'>
  /** How often a silent stream says that it is alive, and asks whether it may go on, ms. */
  heartbeatMs?: number
}

/** What a reader may be behind before the stream is cut, bytes: it comes back and reads again. */
const behindAtMost = 256 * 1024

const Query = Type.Object({
  type: Type.Optional(Type.Array(EventTypePattern, { maxItems: 20, description: 'Only these types: `payment.succeeded`, `invoice.*`.' }))
}, closed)

const description = `Server-sent events (\`text/event-stream\`), for pages that show what happens and for programs that wait for it. Each \`change\` has kind and id only:

    event: change
    data: {"kind":"payment.succeeded","id":"pay_…","event":"evt_…"}

\`opened\` comes first, and \`missed\` when something may have been missed: read again what you show. Every 15 seconds there is a comment, so that silence means a dead connection. The stream ends when its key or session does, or the support access under which it was opened; from then on nothing more is told. At most 50 at once for a tenant on one server.`

/** `GET /v1/stream`. It keeps no place: what it misses while nobody is connected is in `GET /v1/events`. */
export async function streamRoutes (app: HubInstance, { streams, heartbeatMs = 15_000 }: StreamRouteOptions): Promise<void> {
  const open = new Set<() => void>()
  let closing = false

  // Whoever closes the server waits for what is being answered, and these answers have no end.
  app.addHook('preClose', async () => {
    closing = true
    for (const end of open) end()
  })

  app.get('/v1/stream', {
    config: { scope: 'events:read' },
    schema: { tags: ['Events'], summary: 'Hear what happens', description, querystring: Query, response: { 200: { description: 'A stream that does not end by itself.', content: { 'text/event-stream': { schema: Type.String() } } } } }
  }, async (request, reply) => {
    const { tenantId, mode, principal } = request.requireAccess()
    // Support's view of a tenant may not outlive its access, not by a word.
    const askFirst = principal.supportAccessId !== undefined && tenantId !== principal.homeTenantId
    const wanted = request.query.type
    const isWanted = (kind: string): boolean => wanted === undefined || wanted.some(type => type.endsWith('.*') ? kind.startsWith(type.slice(0, -1)) : kind === type)
    const { raw } = reply
    let started = false
    const early: string[] = []
    const write = (text: string): void => {
      if (!started) return void early.push(text)
      if (raw.destroyed || raw.writableEnded) return
      raw.write(text)
      if (raw.writableLength > behindAtMost) raw.destroy()
    }
    /** What was heard and is told when the answer is that it may be. */
    let held: string[] = []
    let asking = false
    const ask = (): void => {
      if (asking || !started) return
      asking = true
      const told = held
      held = []
      void request.isStillAllowed().then(allowed => {
        asking = false
        if (!allowed) return void end()
        for (const text of told) write(text)
        if (held.length > 0) ask()
      })
    }
    const tell = (text: string): void => {
      if (!askFirst) return void write(text)
      held.push(text)
      ask()
    }
    const off = await streams.open(tenantId, mode, {
      heard: ({ kind, id, event }: Heard) => { if (isWanted(kind)) tell(`event: change\ndata: ${JSON.stringify({ kind, id, event })}\n\n`) },
      missed: () => { tell('event: missed\ndata: {}\n\n') }
    })
    if (closing || raw.destroyed) {
      off()
      return reply
    }
    reply.hijack()
    for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) raw.setHeader(name, value)
    // A proxy that keeps what it is sent (nginx) would keep it for ever.
    raw.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store, no-transform', 'x-accel-buffering': 'no' })
    started = true
    write('event: opened\ndata: {}\n\n')
    for (const text of early) write(text)
    const timer = setInterval(() => {
      write(': still here\n\n')
      ask()
    }, heartbeatMs)
    const end = (): void => {
      clearInterval(timer)
      open.delete(end)
      off()
      raw.end()
    }
    open.add(end)
    if (held.length > 0) ask()
    raw.once('close', end)
    raw.once('error', end)
    return reply
  })
}
