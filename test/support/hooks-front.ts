/** One address for a provider's webhooks, whichever process lives behind it. It notes what was acknowledged to the provider, and how it came. */
import { createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface HooksFront {
  url: string
  /** Ids of the provider's events that were answered with 2xx. */
  acknowledged: Set<string>
  /** Deliveries that were not: the provider comes again. */
  refused: () => number
  /** Deliveries of an event that had been acknowledged before. */
  doubled: () => number
  /** First deliveries that a younger event had overtaken, by the second. */
  overtaken: () => number
  close: () => Promise<void>
}

interface Told { id: string, created?: number }

/** `target`: where the webhook goes now; undefined while nobody serves. */
export async function hooksFront (target: () => string | undefined): Promise<HooksFront> {
  const acknowledged = new Set<string>()
  const seen = new Set<string>()
  const count = { refused: 0, doubled: 0, overtaken: 0 }
  let youngest = 0
  const note = ({ id, created = 0 }: Told): void => {
    if (acknowledged.has(id)) count.doubled++
    else if (!seen.has(id) && created < youngest) count.overtaken++
    seen.add(id)
    youngest = Math.max(youngest, created)
  }
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
      const body = Buffer.concat(chunks)
      const told = JSON.parse(body.toString()) as Told
      note(told)
      const fail = (): void => {
        if (response.headersSent) return
        count.refused++
        response.writeHead(502).end()
      }
      const url = target()
      if (url === undefined) return fail()
      const forwarded = httpRequest(url + incoming.url, { method: 'POST', headers: incoming.headers, timeout: 10_000 }, answer => {
        answer.on('error', fail).on('end', () => {
          const ok = answer.statusCode! >= 200 && answer.statusCode! < 300
          if (ok) acknowledged.add(told.id)
          else count.refused++
          response.writeHead(answer.statusCode!).end()
        }).resume()
      })
      forwarded.on('error', fail).on('timeout', () => forwarded.destroy()).end(body)
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    acknowledged,
    refused: () => count.refused,
    doubled: () => count.doubled,
    overtaken: () => count.overtaken,
    close: async () => {
      server.closeAllConnections()
      await new Promise<void>(resolve => server.close(() => resolve()))
    }
  }
}
