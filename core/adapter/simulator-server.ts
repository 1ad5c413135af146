import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { DeliveryOrder, Fault } from './simulator.ts'

/** What the simulators share: a server that meets faults on demand, and deliveries that leave in the order they are told. */

export interface SimulatedRequest {
  method: string
  url: URL
  /** Names in lower case. */
  headers: Record<string, string>
  body: string
  /** The body as it came, for what is no text. */
  bytes: Buffer
  /** DER of the certificate that the caller showed, of a server that asks for one. */
  certificate?: Buffer
}

export interface SimulatedAnswer {
  status: number
  headers?: Record<string, string>
  body?: string | Uint8Array
}

/** A request and its answer as an outside judge sees them (the official specification, in tests). */
export interface JudgedExchange<Body, Answer = Body> {
  method: string
  /** As the OpenAPI document names it: `/orders/{id}`. */
  path: string
  body: Body | undefined
  headers: Record<string, string>
  status: number
  answer: Answer
}

/** The route of a path: its first name in braces is `id`, the second `sub`. A route without a name comes before one with. */
export function routeOf<Route extends { method: string, path: string }> (routes: readonly Route[], method: string, pathname: string): { route: Route, id: string, sub: string } | undefined {
  const parts = pathname.split('/')
  for (const route of routes) {
    const names = route.path.split('/')
    if (route.method !== method || names.length !== parts.length) continue
    if (!names.every((name, i) => name.startsWith('{') || name === parts[i])) continue
    const [id = '', sub = ''] = names.flatMap((name, i) => name.startsWith('{') ? [decodeURIComponent(parts[i]!)] : [])
    return { route, id, sub }
  }
  return undefined
}

export interface SimulatorServer {
  readonly url: string
  inject: (fault: Fault) => void
  clearFaults: () => void
  close: () => Promise<void>
}

/**
 * Serves `answer` on a loopback port, a free one unless told. Every fault of the contract happens here, below it: an `answer` that was called
 * has done its work, whatever the caller then gets to see. With `tls` it speaks HTTPS and asks for the caller's certificate, whoever issued it.
 */
export async function serveSimulator (answer: (request: SimulatedRequest) => SimulatedAnswer | Promise<SimulatedAnswer>, { port = 0, tls }: { port?: number, tls?: { key: string, cert: string } } = {}): Promise<SimulatorServer> {
  let faults: (Fault & { left: number })[] = []
  const sockets = new Set<Socket>()
  const timers = new Set<NodeJS.Timeout>()

  const take = (method: string, path: string): Fault | undefined => {
    const found = faults.find(fault => (fault.method ?? method) === method && path.includes(fault.path ?? ''))
    if (found !== undefined && --found.left <= 0) faults = faults.filter(fault => fault !== found)
    return found
  }

  const listener = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const method = incoming.method ?? 'GET'
    const url = new URL(incoming.url ?? '/', `http://${incoming.headers.host ?? 'localhost'}`)
    const fault = take(method, url.pathname)
    if (fault?.kind === 'refuse_connection') return void incoming.socket.destroy()
    const chunks: Buffer[] = []
    try {
      for await (const chunk of incoming) chunks.push(chunk as Buffer)
    } catch {
      return // the caller went away
    }
    switch (fault?.kind) {
      case 'cut_before': return void incoming.socket.destroy()
      case 'error_500_before': return send(response, { status: 500, body: 'upstream failure' })
      case 'rate_limit': return send(response, { status: 429, headers: { 'retry-after': '2' }, body: 'slow down' })
    }
    const headers = Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]))
    const bytes = Buffer.concat(chunks)
    const peer = tls === undefined ? undefined : (incoming.socket as TLSSocket).getPeerX509Certificate()?.raw
    const answered = await (async () => await answer({ method, url, headers, body: bytes.toString(), bytes, ...(peer !== undefined && { certificate: peer }) }))()
      .catch((error: unknown): SimulatedAnswer => ({ status: 500, body: `the simulator failed: ${String(error)}` }))
    switch (fault?.kind) {
      case 'cut_after': return void incoming.socket.destroy()
      case 'cut_mid_body': return cutMidBody(response, answered)
      case 'garbage': return send(response, { status: 200, headers: { 'content-type': 'text/html' }, body: '<html><body>Welcome</body></html>' })
      case 'error_500': return send(response, { status: 502, body: 'bad gateway' })
      case 'slow': {
        const timer = setTimeout(() => { timers.delete(timer); send(response, answered) }, fault.ms ?? 1000)
        timers.add(timer)
        return
      }
    }
    send(response, answered)
  }
  const server = tls === undefined ? createServer(listener) : createSecureServer({ ...tls, requestCert: true, rejectUnauthorized: false }, listener)
  server.on('connection', socket => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve))

  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    inject: fault => { faults.push({ ...fault, left: fault.times ?? 1 }) },
    clearFaults: () => { faults = [] },
    close: () => new Promise(resolve => {
      for (const timer of timers) clearTimeout(timer)
      for (const socket of sockets) socket.destroy()
      server.close(() => resolve())
    })
  }
}

function send (response: ServerResponse, { status, headers, body }: SimulatedAnswer): void {
  response.writeHead(status, headers).end(body)
}

function cutMidBody (response: ServerResponse, { status, headers, body = '' }: SimulatedAnswer): void {
  const bytes = Buffer.from(body)
  response.writeHead(status, { ...headers, 'content-length': bytes.length + 1 })
  response.write(bytes.subarray(0, Math.max(1, bytes.length >> 1)), () => response.socket?.destroy())
}

export interface SimulatedDelivery {
  url: string
  headers: Record<string, string>
  body: string | Uint8Array
}

export interface SimulatorDeliveries {
  /** The delivery is made when it leaves, so that its signature is of that moment. */
  send: (make: () => SimulatedDelivery) => void
  deliver: (order: DeliveryOrder) => void
  settled: () => Promise<void>
  /** Nothing leaves any more. */
  close: () => void
}

/** Events that leave as `DeliveryOrder` says. Each is tried once. */
export function createDeliveries (): SimulatorDeliveries {
  let how: Exclude<DeliveryOrder['how'], 'release'> = 'now'
  let seed = 1
  let held: (() => SimulatedDelivery)[] = []
  const underWay = new Set<Promise<void>>()
  const stop = new AbortController()

  /** One after another, so that the order in which they leave is the order in which they arrive. */
  const post = (leaving: readonly (() => SimulatedDelivery)[]): void => {
    const sent = inOrder(leaving).finally(() => underWay.delete(sent))
    underWay.add(sent)
  }
  const inOrder = async (leaving: readonly (() => SimulatedDelivery)[]): Promise<void> => {
    for (const make of leaving) {
      const { url, headers, body } = make()
      try {
        const response = await fetch(url, { method: 'POST', headers, body: body as string, signal: stop.signal })
        await response.arrayBuffer()
      } catch {} // nobody listens there: a delivery is tried once
    }
  }

  return {
    send (make) {
      if (stop.signal.aborted) return
      if (how === 'hold' || how === 'shuffle') return void held.push(make)
      post(how === 'duplicate' ? [make, make] : [make])
    },
    deliver (order) {
      if (order.how !== 'release') {
        how = order.how
        seed = order.seed ?? seed
        return
      }
      const leaving = how === 'shuffle' ? shuffled(held, seed) : held
      held = []
      how = 'now'
      post(leaving)
    },
    async settled () {
      while (underWay.size > 0) await Promise.all(underWay)
    },
    close: () => stop.abort()
  }
}

/** mulberry32: the same seed, the same order. */
function shuffled<T> (items: readonly T[], seed: number): T[] {
  const result = [...items]
  let state = seed
  const random = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  for (let last = result.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1))
    const swapped = result[last] as T
    result[last] = result[other] as T
    result[other] = swapped
  }
  return result
}

/** Ends the parts of a simulator one after another, in this order. */
export function closeInOrder (...parts: readonly { close: () => void | Promise<void> }[]): () => Promise<void> {
  return async () => {
    for (const part of parts) await part.close()
  }
}
