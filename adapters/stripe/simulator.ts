import { randomInt } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import Fastify, { type FastifyInstance } from 'fastify'
import type { Effects, Simulator } from '../../core/adapter/simulator.ts'
import { Keys } from './simulator/accounts.ts'
import { api, metFaults, type JudgedRequest } from './simulator/api.ts'
import { subscribe } from './simulator/checkout/subscribing.ts'
import { control } from './simulator/control.ts'
import { Deliveries } from './simulator/deliveries.ts'
import { chargedOf, effectsOf } from './simulator/effects.ts'
import { eventBody, newestEvent } from './simulator/events.ts'
import { Faults } from './simulator/faults.ts'
import { idMaker, seeded, type Random } from './simulator/ids.ts'
import { ledgerOf, type Ledger } from './simulator/ledger.ts'
import { levers, type Levers } from './simulator/levers.ts'
import { Later, realTimers, type Timers } from './simulator/later.ts'
import { RequestLog, type RequestEntry } from './simulator/log.ts'
import { authenticationPages } from './simulator/pages/authentication.ts'
import { cashPages } from './simulator/pages/cash.ts'
import { checkoutPages } from './simulator/pages/checkout.ts'
import { connectPages } from './simulator/pages/connect.ts'
import { invoicePages } from './simulator/pages/invoice.ts'
import { owners } from './simulator/owners.ts'
import { sign, webhookHeaders } from './simulator/signature.ts'
import { StateFile } from './simulator/state.ts'
import { steps } from './simulator/steps.ts'
import { newestVersion } from './simulator/versions.ts'
import { fairWeather, setWeather, type WeatherSettings } from './simulator/weather.ts'
import { rollSecret } from './simulator/webhook-endpoints.ts'
import { allBooks, type Rules, type World } from './simulator/world.ts'

export interface StripeSimulatorOptions {
  /** 0, the default: any free port. */
  port?: number
  /** Default 127.0.0.1. */
  host?: string
  /** Where payers reach this server, when that is not where it listens. */
  publicUrl?: string
  now?: () => Date
  /** The same seed gives the same ids. */
  seed?: number
  /** Instead of `seed`. */
  random?: Random
  timers?: Timers
  /** Country of every account. Default MX. */
  country?: string
  /** The account's own API version, for requests and endpoints that name none. */
  apiVersion?: string
  /** Only these keys are good. Default: every well-formed one opens its own account. */
  keys?: string[]
  /** Real Stripe declines its test cards in live mode; a demo may want them. */
  testCardsInLive?: boolean
  /** First wait before a webhook is sent again. Default five minutes. */
  webhookRetryBaseMs?: number
  /** Each further wait, in that unit. Default: as Stripe repeats, three times in test mode. */
  webhookRetrySteps?: readonly number[]
  /** How long asynchronous refunds take. Default 2 s; `advance` lets the time pass at once. */
  asyncMs?: number
  /** What the accounts have set in their Dashboard, and waits that are shorter than Stripe's. */
  rules?: Partial<Rules>
  /** Keeps the books between starts. */
  stateFile?: string
  /** A judge of requests beside the simulator's own checks; what it answers is refused with. */
  validate?: (request: JudgedRequest) => string | undefined
  /** Told of what is a bug of the simulator. */
  logger?: { error: (details: object, message: string) => void }
}

export interface StripeSimulator extends Simulator, Levers {
  /** The last requests, oldest first. */
  requests: (last?: number) => RequestEntry[]
  /** As in the Dashboard: a new secret, the old one good beside it for `overlapSeconds` (a day). */
  rollWebhookSecret: (endpoint: string, overlapSeconds?: number) => string
  /** Lets what Stripe does on its own happen now: asynchronous refunds, what is due by the clock. */
  advance: () => void
  /** All rows of all accounts, with the keys that made them. */
  ledger: () => Ledger
  /** A platform, as its Dashboard shows it: where its accounts' owners may be sent back to. */
  application: (mode: 'test' | 'live', redirects: string[]) => { client_id: string, client_secret: string, publishable_key: string }
  /** An account's owner takes back what they allowed a platform. */
  revoke: (account: string) => void
  /** How fast and how well every request is answered from now on; `{}`: fair again. */
  weather: (settings: WeatherSettings) => void
}

/** A twin of Stripe's API on loopback. */
export async function startStripeSimulator (options: StripeSimulatorOptions = {}): Promise<StripeSimulator> {
  const { host = '127.0.0.1', timers = realTimers } = options
  const clock = options.now ?? (() => new Date())
  const now = () => Math.floor(clock().getTime() / 1000)
  const saved = options.stateFile === undefined ? undefined : StateFile.read(options.stateFile)
  const seed = options.random === undefined ? seeded(saved?.seed ?? options.seed ?? randomInt(2 ** 32)) : undefined
  const faults = new Faults()
  const log = new RequestLog()
  const weather = fairWeather()
  let address = ''
  let file: StateFile | undefined
  const world: World = {
    now,
    id: idMaker(options.random ?? seed!.random),
    url: () => options.publicUrl ?? address,
    country: options.country ?? 'MX',
    apiVersion: options.apiVersion ?? newestVersion,
    testCardsInLive: options.testCardsInLive ?? false,
    asyncMs: options.asyncMs ?? 2000,
    deliveries: new Deliveries({ now, timers, retryBaseMs: options.webhookRetryBaseMs ?? 300_000, retrySteps: options.webhookRetrySteps, changed: () => file?.changed() }),
    later: new Later(timers, now),
    accounts: new Map(),
    references: new Map(),
    doors: new Map(),
    intents: new Map(),
    steps,
    moved: owners,
    subscribe,
    rules: { afterRetries: 'cancel', draftSeconds: 3600, vouchersPayThemselves: true, ...options.rules },
    changed: () => file?.changed()
  }
  if (options.stateFile !== undefined) file = new StateFile(options.stateFile, world, seed, timers)

  const sockets = new Set<Socket>()
  const app = Fastify({ serverFactory: handler => gate(handler, faults, sockets), bodyLimit: 1_048_576 })
  readBodies(app)
  await app.register(async scope => control(scope, () => simulator))
  authenticationPages(app, world)
  cashPages(app, world)
  checkoutPages(app, world)
  invoicePages(app, world)
  const keys = new Keys(world, options.keys)
  const connect = connectPages(app, world, keys)
  api(app, {
    world,
    keys,
    log,
    weather,
    validate: options.validate,
    onBug: error => options.logger?.error({ err: error }, 'the Stripe simulator failed')
  })
  await app.listen({ port: options.port ?? 0, host })
  address = `http://${host.includes(':') ? `[${host}]` : host}:${(app.server.address() as AddressInfo).port}`
  if (saved !== undefined) StateFile.restore(saved, world)

  const simulator: StripeSimulator = {
    url: address,
    async close () {
      world.deliveries.close()
      world.later.stop()
      for (const socket of sockets) socket.destroy()
      await app.close()
      file?.save()
    },
    credentials: mode => pair(options.keys?.find(key => key.startsWith(`sk_${mode}_`)) ?? `sk_${mode}_${world.id('51', 24)}`),
    wrongCredentials: mode => pair(`sk_${mode}_invalid${world.id('', 20)}`),
    inject: fault => faults.inject(fault),
    clearFaults: () => faults.clear(),
    effects: (reference): Effects => effectsOf(world, reference),
    charged: reference => chargedOf(world, reference),
    signedWebhook ({ secret, now: at, type }) {
      const event = newestEvent(allBooks(world), type)
      if (event === undefined) throw new Error(`nothing has happened yet${type === undefined ? '' : ` of type ${type}`}: there is no event to deliver`)
      const body = Buffer.from(eventBody(event, undefined))
      return { headers: webhookHeaders(sign(body, [secret], Math.floor(at.getTime() / 1000))), body }
    },
    deliver: order => world.deliveries.order(order),
    settled: () => world.deliveries.settled(),
    requests: last => log.last(last),
    rollWebhookSecret: (endpoint, overlapSeconds) => rollSecret(world, endpoint, overlapSeconds),
    advance: () => world.later.advance(),
    ledger: () => ledgerOf(world),
    weather: settings => setWeather(weather, settings),
    application: (mode, redirects) => {
      const { secret_key: secretKey, publishable_key: publishableKey } = simulator.credentials(mode)
      return { client_id: connect.register(secretKey!, () => redirects), client_secret: secretKey!, publishable_key: publishableKey! }
    },
    operator: (mode, { redirect, hook }) => {
      const secretKey = `sk_${mode}_pasarelaplatform000000000001`
      return { client_id: connect.register(secretKey, () => [redirect()]), client_secret: secretKey, publishable_key: secretKey.replace(/^sk/, 'pk'), webhook_secret: connect.listen(secretKey, hook) }
    },
    revoke: connect.revoke,
    ...levers(world, keys)
  }
  return simulator
}

/** Keys come in pairs; the API itself never sees the publishable one. */
function pair (secretKey: string): Record<string, string> {
  return { secret_key: secretKey, publishable_key: secretKey.replace(/^sk/, 'pk') }
}

/** Faults begin here, below HTTP: a connection may be refused before a byte of it is read. */
function gate (handler: (request: IncomingMessage, response: ServerResponse) => void, faults: Faults, sockets: Set<Socket>): Server {
  const server = createServer({ keepAliveTimeout: 65_000 }, (request, response) => {
    const url = request.url ?? '/'
    const mark = url.indexOf('?')
    const fault = url.startsWith('/_simulator') ? undefined : faults.take(request.method ?? 'GET', mark === -1 ? url : url.slice(0, mark))
    if (fault?.kind === 'refuse_connection') {
      request.socket.resetAndDestroy()
      return
    }
    if (fault !== undefined) metFaults.set(request, fault)
    handler(request, response)
  })
  server.on('connection', socket => {
    if (faults.takeConnection()) return socket.resetAndDestroy()
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  return server
}

/** Whatever it is called, a body is text to Stripe's API, which then says what it thinks of it. */
function readBodies (app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string' }, (_, body, done) => done(null, body))
}
