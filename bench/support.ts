import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { startEmbedded } from '../core/db/embedded.ts'

export interface Result {
  name: string
  /** What the figure is measured against, in the same run. */
  baseline: string
  value: number
  unit: string
  aim?: string
  detail?: Record<string, number | string>
}

export function round (value: number, digits = 2): number {
  return Number(value.toFixed(digits))
}

export function percentile (sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!
}

export function temporaryFolder (): { path: string, remove: () => void } {
  const folder = mkdtempSync(path.join(tmpdir(), 'pasarela-bench-'))
  return { path: folder, remove: () => { rmSync(folder, { recursive: true, force: true }) } }
}

/** A PostgreSQL with its normal, durable settings. */
export async function durableDatabase (): Promise<{ url: string, stop: () => Promise<void> }> {
  const folder = temporaryFolder()
  const embedded = await startEmbedded({ dataDir: folder.path })
  return {
    url: embedded.url,
    stop: async () => {
      await embedded.stop()
      folder.remove()
    }
  }
}

/** A process of our own that tells its first line when it is ready: `READY <json>`. */
export async function child (script: string, env: Record<string, string>): Promise<{ process: ChildProcess, ready: Record<string, string>, stop: () => Promise<void> }> {
  const started = spawn(process.execPath, [...(process.env.BENCH_PROFILE === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${process.env.BENCH_PROFILE}`]), '--conditions=pasarela', path.join(import.meta.dirname, script)], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] })
  const ready = await new Promise<Record<string, string>>((resolve, reject) => {
    let text = ''
    started.stdout!.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      const line = /^READY (.*)$/m.exec(text)
      if (line?.[1] !== undefined) resolve(JSON.parse(line[1]) as Record<string, string>)
    })
    started.once('exit', code => { reject(new Error(`${script} ended with ${code}`)) })
  })
  return {
    process: started,
    ready,
    stop: async () => {
      if (started.exitCode !== null) return
      started.kill('SIGTERM')
      await once(started, 'exit')
    }
  }
}

/**
 * Sends prepared HTTP/1.1 requests over `connections` kept sockets, each waiting for its answer before the next: a load
 * that costs the machine little beside the server. Answers must carry Content-Length. Resolves with the seconds it took.
 */
export async function blast ({ port, connections, requests, expect }: { port: number, connections: number, requests: readonly Buffer[], expect: number }): Promise<number> {
  let next = 0
  const startedAt = performance.now()
  await Promise.all(Array.from({ length: connections }, async () => {
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    await new Promise<void>((resolve, reject) => {
      let pending = Buffer.alloc(0)
      const send = () => {
        const request = requests[next++]
        if (request === undefined) {
          socket.end()
          resolve()
        } else socket.write(request)
      }
      socket.on('error', reject)
      socket.on('data', chunk => {
        pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
        const end = pending.indexOf('\r\n\r\n')
        if (end === -1) return
        const head = pending.subarray(0, end).toString('latin1')
        const status = Number(head.slice(9, 12))
        const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
        if (pending.length < end + 4 + length) return
        if (status !== expect) return reject(new Error(`answered ${status}: ${pending.toString().slice(0, 800)}`))
        pending = Buffer.alloc(0)
        send()
      })
      send()
    })
  }))
  return (performance.now() - startedAt) / 1000
}

/** `perSecond` calls a second for `seconds`, whatever the answers take; latencies in ms, sorted. */
export async function openLoop ({ perSecond, seconds, call }: { perSecond: number, seconds: number, call: (index: number) => Promise<void> }): Promise<number[]> {
  const latencies: number[] = []
  const running: Promise<void>[] = []
  const startedAt = performance.now()
  for (let index = 0; index < perSecond * seconds; index++) {
    const due = startedAt + index * 1000 / perSecond
    const waitMs = due - performance.now()
    if (waitMs > 0) await new Promise(resolve => setTimeout(resolve, waitMs))
    const sentAt = performance.now()
    running.push(call(index).then(() => { latencies.push(performance.now() - sentAt) }))
  }
  await Promise.all(running)
  return latencies.sort((a, b) => a - b)
}

/** As many calls as `concurrency` callers get through in `seconds`; per second. */
export async function closedLoop ({ concurrency, seconds, call }: { concurrency: number, seconds: number, call: (index: number) => Promise<void> }): Promise<number> {
  let done = 0
  let index = 0
  const startedAt = performance.now()
  const until = startedAt + seconds * 1000
  await Promise.all(Array.from({ length: concurrency }, async () => {
    while (performance.now() < until) {
      await call(index++)
      done++
    }
  }))
  return done / ((performance.now() - startedAt) / 1000)
}

/** One POST with JSON through a kept socket, with an Idempotency-Key of its own. The parsed answer, whatever its status. */
export async function postJson<T> ({ agent, port, key }: { agent: http.Agent, port: number, key: string }, path: string, body: object): Promise<{ status: number, body: T }> {
  return await new Promise((resolve, reject) => {
    const payload = JSON.stringify(body)
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'idempotency-key': randomUUID(), 'content-length': Buffer.byteLength(payload) }
    const request = http.request({ agent, port, host: '127.0.0.1', method: 'POST', path, headers }, response => {
      let text = ''
      response.on('data', (chunk: Buffer) => { text += chunk.toString() })
      response.on('end', () => { resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as T }) })
    })
    request.on('error', reject)
    request.end(payload)
  })
}
