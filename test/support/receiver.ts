/** Where webhooks go: real HTTP(S) on this machine, that answers as a test says and keeps what it got. */
import http from 'node:http'
import https from 'node:https'
import net, { type AddressInfo } from 'node:net'
import { basicConstraints, der, ecKey, makeCertificate, nameOf, sequence } from './csd.ts'
import type { Teardown } from './database.ts'

export interface Received { path: string, headers: Record<string, string>, body: string, event: any }

export interface Receiver {
  url: string
  port: number
  /** Everything that came whole, in that order. */
  received: Received[]
  at: (path: string) => Received[]
  /** From now on: a status, or whatever the function does. 204 where nothing is said. */
  answer: (path: string, how: Answering) => void
  /** Sockets that were ever opened. */
  sockets: () => number
}

export type Answering = number | ((request: Received, response: http.ServerResponse) => void)

export async function receiver (t: Teardown, { tls, host = '127.0.0.1' }: { tls?: { key: string, cert: string }, host?: string } = {}): Promise<Receiver> {
  const received: Received[] = []
  const answers = new Map<string, Answering>()
  let sockets = 0
  const handle: http.RequestListener = (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => { chunks.push(chunk) })
    request.on('error', () => {})
    response.on('error', () => {})
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString()
      const got: Received = { path: request.url!, headers: request.headers as Record<string, string>, body, event: body.startsWith('{') ? JSON.parse(body) : undefined }
      received.push(got)
      const how = answers.get(request.url!) ?? 204
      if (typeof how === 'number') response.writeHead(how).end()
      else how(got, response)
    })
  }
  const server = tls === undefined ? http.createServer(handle) : https.createServer(tls, handle)
  server.on('connection', socket => {
    sockets++
    socket.on('error', () => {})
  })
  if (tls !== undefined) server.on('tlsClientError', () => {})
  await new Promise<void>(resolve => { server.listen(0, host, resolve) })
  t.teardown(async () => {
    server.closeAllConnections()
    await new Promise<void>(resolve => { server.close(() => { resolve() }) })
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `${tls === undefined ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    received,
    at: path => received.filter(one => one.path === path),
    answer: (path, how) => { answers.set(path, how) },
    sockets: () => sockets
  }
}

/** One that speaks no HTTP: it writes these bytes to whoever comes. */
export async function rawReceiver (t: Teardown, bytes: string | ((socket: net.Socket) => void)): Promise<string> {
  const server = net.createServer(socket => {
    socket.on('error', () => {})
    socket.once('data', () => { typeof bytes === 'string' ? socket.end(bytes) : bytes(socket) })
  })
  const open = new Set<net.Socket>()
  server.on('connection', socket => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
  })
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(async () => {
    for (const socket of open) socket.destroy()
    await new Promise<void>(resolve => { server.close(() => { resolve() }) })
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

const pem = (bytes: Buffer): string => `-----BEGIN CERTIFICATE-----\n${bytes.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`

/** A certificate authority nobody knows, and certificates of it for names of this machine. */
export function authority (): { ca: string, certificate: (name: string, options?: { validTo?: Date }) => { key: string, cert: string } } {
  const yearMs = 365 * 24 * 3600_000
  const key = ecKey()
  const subject = [['2.5.4.3', 'Test authority']] as const
  const certificate = makeCertificate({ subject, key, serial: Buffer.from([1]), validFrom: new Date(Date.now() - yearMs), validTo: new Date(Date.now() + yearMs), extensions: [basicConstraints(true)] })
  const issuer = { subject: nameOf(subject), key, certificate }
  let serial = 1
  return {
    ca: pem(certificate),
    certificate: (name, { validTo = new Date(Date.now() + yearMs) } = {}) => {
      const own = ecKey()
      const alternative = { oid: '2.5.29.17', value: sequence(der(0x82, Buffer.from(name))) }
      const bytes = makeCertificate({ subject: [['2.5.4.3', name]], key: own, serial: Buffer.from([++serial]), validFrom: new Date(Date.now() - yearMs), validTo, issuer, extensions: [alternative] })
      return { key: own.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), cert: pem(bytes) }
    }
  }
}
