import { randomUUID } from 'node:crypto'
import cookie from '@fastify/cookie'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify, { LogController } from 'fastify'
import { auth } from '../plugins/auth.ts'
import { cardNumbers } from '../plugins/card-numbers.ts'
import { emptyBody } from '../plugins/empty-body.ts'
import { errorOptions, errors } from '../plugins/errors.ts'
import { health } from '../plugins/health.ts'
import { idempotency } from '../plugins/idempotency.ts'
import { metrics as metricsPlugin } from '../plugins/metrics.ts'
import { openapi } from '../plugins/openapi.ts'
import { pages } from '../plugins/pages.ts'
import { rateLimit } from '../plugins/rate-limit.ts'
import { requestIdOptions, requestIds } from '../plugins/request-ids.ts'
import { securityHeaders } from '../plugins/security-headers.ts'
import { storableText } from '../plugins/storable-text.ts'
import { telemetry } from '../plugins/telemetry.ts'
import { uploads } from '../plugins/uploads.ts'
import { validation } from '../plugins/validation.ts'
import { sessionCookie } from './access/sessions.ts'
import { alertRoutes } from './alerts/routes.ts'
import { apiKeyRoutes } from './api-keys/routes.ts'
import { auditRoutes } from './audit/routes.ts'
import { bankAccountRoutes } from './bank-accounts/routes.ts'
import { bankStatementRoutes } from './bank-statements/routes.ts'
import { consoleFolder } from './build-console.ts'
import { catalogueRoutes } from './catalogues/routes.ts'
import { certificateRoutes } from './certificates/routes.ts'
import { ownLinkRoutes } from './checkout/own-link-page.ts'
import { checkoutRoutes } from './checkout/routes.ts'
import { oauthRoutes } from './connections/oauth/routes.ts'
import { connectionRoutes } from './connections/routes.ts'
import { customerRoutes } from './customers/routes.ts'
import { deliveryRoutes } from './deliveries/routes.ts'
import { disputeRoutes } from './disputes/routes.ts'
import { documentRoutes } from './documents/routes.ts'
import { openApiEvents } from './event-types/describe.ts'
import { eventTypeRoutes } from './event-types/routes.ts'
import { eventRoutes } from './events/routes.ts'
import { streamRoutes } from './events/stream-route.ts'
import { createStreams } from './events/streams.ts'
import { endConnections } from './end-connections.ts'
import type { HubInstance } from './http.ts'
import type { Hub } from './hub.ts'
import { createIdempotency } from './idempotency/service.ts'
import { type Collector, createCollector } from './inbound/collector.ts'
import { hookRoutes, inboundRoutes } from './inbound/routes.ts'
import { createHookTargets } from './inbound/targets.ts'
import type { Queues } from './jobs/queues.ts'
import { invitationRoutes } from './invitations/routes.ts'
import { issuerRoutes } from './issuers/routes.ts'
import { invoiceRoutes } from './invoices/routes.ts'
import { listenChanges } from './listen-changes.ts'
import { channelRoutes } from './notifications/channels/routes.ts'
import { whatsappHookRoutes } from './notifications/channels/whatsapp-hook.ts'
import { noticeRoutes } from './notifications/notices/routes.ts'
import { pushRoutes } from './notifications/push/routes.ts'
import { mailRoutes } from './notifications/routes.ts'
import { switchRoutes } from './notifications/switches/routes.ts'
import { operationRoutes } from './operations/routes.ts'
import { partnerRoutes } from './partners/routes.ts'
import { paymentRoutes } from './payments/routes.ts'
import { planRoutes } from './plans/routes.ts'
import { providerRoutes } from './providers/routes.ts'
import { matchingRoutes } from './reconciliation/matching/routes.ts'
import { reconciliationRoutes } from './reconciliation/routes.ts'
import { reportRoutes } from './reports/routes.ts'
import { publicPageRoutes } from './public-pages/page.ts'
import { routingRoutes } from './routing-rules/routes.ts'
import { privacyRoutes } from './privacy/routes.ts'
import { saleRoutes } from './sales/routes.ts'
import { selfInvoiceRoutes } from './sales/self-invoice-page.ts'
import { seriesRoutes } from './series/routes.ts'
import { sessionRoutes } from './sessions/routes.ts'
import { storeCreditRoutes } from './store-credits/routes.ts'
import { subscriptionRoutes } from './subscriptions/routes.ts'
import { supportRoutes } from './support/routes.ts'
import { tenantRoutes } from './tenants/routes.ts'
import { verifactuRoutes } from './verifactu/routes.ts'
import { userRoutes } from './users/routes.ts'
import { version } from './version.ts'

export interface AppOptions {
  hub: Hub
  /** For NOTIFY: the application's role. */
  appUrl: string
  /** Absent where nothing works on them (the OpenAPI document). */
  queues?: Queues
  checks?: Record<string, () => Promise<void>>
  /** Another way to store webhooks: the benchmark's baseline. */
  collector?: Collector
}

/** Builds the HTTP side. It opens no port and reads no environment. */
export async function buildApp ({ hub, appUrl, queues, checks = {}, collector = createCollector({ db: hub.db, now: hub.now }) }: AppOptions): Promise<HubInstance> {
  const { config } = hub
  const app = Fastify({
    ...serverOptions(hub),
    bodyLimit: 1024 * 1024,
    // A sender that dawdles is cut; Node looks every second instead of every half minute.
    requestTimeout: config.inboundReceiveMs,
    // Were the time for the headers the longer of the two, Node would swap them, and a slow body would have a minute.
    http: { connectionsCheckingInterval: 1000, headersTimeout: config.inboundReceiveMs, requestTimeout: config.inboundReceiveMs },
    routerOptions: { maxParamLength: 300 },
    // A line per request is for whoever looks for something; what went wrong is logged where it is answered.
    logController: new LogController({ disableRequestLogging: config.logLevel !== 'debug' && config.logLevel !== 'trace', requestIdLogLabel: 'request_id' })
  }).withTypeProvider<TypeBoxTypeProvider>() as unknown as HubInstance

  app.decorate('hub', hub)
  endConnections(app)
  await app.register(requestIds)
  await app.register(telemetry)
  await app.register(errors)
  await app.register(emptyBody)
  await app.register(validation)
  await app.register(securityHeaders, { publicUrl: config.publicUrl ?? '' })
  await app.register(cookie)
  await app.register(metricsPlugin, { metrics: hub.metrics, token: config.metricsToken })
  await app.register(rateLimit, {
    perMinuteKey: config.rateLimitPerMinuteKey,
    perMinuteAddress: config.rateLimitPerMinuteAddress,
    perMinuteHooksAddress: config.rateLimitHooksPerMinuteAddress,
    redisUrl: config.queueUrl
  })
  await app.register(auth)
  await app.register(cardNumbers)
  await app.register(storableText)
  await app.register(idempotency, {
    service: createIdempotency({
      db: hub.db, vault: hub.vault, now: hub.now, owner: randomUUID(), leaseMs: config.idempotencyLeaseMs, keepMs: config.idempotencyKeep, onError: (error, what) => { app.log.error({ err: error }, what) }
    }),
    leaseMs: config.idempotencyLeaseMs
  })
  await app.register(openapi, { version, sessionCookie, events: openApiEvents() })
  await app.register(health, { checks })
  await app.register(pages, { consoleFolder })
  // Loaded where there are queues to show: it brings BullMQ along.
  if (queues !== undefined) await app.register((await import('../plugins/queue-board.ts')).queueBoard, { queues: queues.boardQueues, accessOf: request => request.access, loginUrl: '/login' })

  const targets = createHookTargets({ db: hub.db, vault: hub.vault, adapters: hub.adapters, now: hub.now })
  await app.register(async scope => {
    await hookRoutes(scope as unknown as HubInstance, { targets, collector, count: (provider, verdict) => hub.metrics.inbound.inc({ provider, verdict }) })
  })
  for (const routes of [
    providerRoutes, bankAccountRoutes, catalogueRoutes, connectionRoutes, oauthRoutes, routingRoutes, paymentRoutes, reconciliationRoutes, matchingRoutes, customerRoutes, planRoutes, subscriptionRoutes, checkoutRoutes, disputeRoutes, inboundRoutes, eventRoutes, deliveryRoutes, alertRoutes, reportRoutes, supportRoutes, operationRoutes, documentRoutes, invoiceRoutes, saleRoutes, privacyRoutes, selfInvoiceRoutes, ownLinkRoutes, publicPageRoutes, storeCreditRoutes, mailRoutes, noticeRoutes, channelRoutes, whatsappHookRoutes, switchRoutes, pushRoutes, issuerRoutes, seriesRoutes, verifactuRoutes, tenantRoutes, userRoutes, invitationRoutes, sessionRoutes, apiKeyRoutes, partnerRoutes, auditRoutes
  ]) await app.register(async scope => { await routes(scope as unknown as HubInstance) })

  await app.register(async scope => {
    // A certificate, its key and a bundle; what is larger than a quarter of a megabyte is none of them.
    await scope.register(uploads, { maxFileBytes: 256 * 1024, maxFiles: 4 })
    await certificateRoutes(scope as unknown as HubInstance)
  })
  await app.register(async scope => {
    await scope.register(uploads, { maxFileBytes: 5 * 1024 * 1024, maxFiles: 1 })
    await bankStatementRoutes(scope as unknown as HubInstance)
  })

  const streams = createStreams({ db: hub.db, log: hub.log })
  await app.register(async scope => { await streamRoutes(scope as unknown as HubInstance, { streams }) })
  await app.register(async scope => { await eventTypeRoutes(scope as unknown as HubInstance) })

  const changes = listenChanges({
    url: appUrl,
    log: hub.log,
    channels: {
      connection_changed: payload => {
        const [tenantId = '', connectionId = ''] = payload.split(':')
        targets.forget(connectionId)
        hub.usable.forget(tenantId)
      },
      event_recorded: streams.hear
    },
    resumed: streams.resumed
  })
  app.addHook('onClose', async () => {
    await collector.idle()
    await streams.close()
    await changes.close()
  })
  return app
}

/** What every server of ours is like. */
const serverOptions = ({ config, now, log }: Hub) => ({
  ...errorOptions,
  ...requestIdOptions(now),
  loggerInstance: log,
  trustProxy: typeof config.trustProxy === 'boolean' ? config.trustProxy : [...config.trustProxy],
  forceCloseConnections: 'idle' as const
})

/** What a worker process of its own answers: whether it is well, and what it counts. */
export async function buildWorkerApp ({ hub, checks = {} }: Pick<AppOptions, 'hub' | 'checks'>): Promise<HubInstance> {
  const { config } = hub
  const app = Fastify({
    ...serverOptions(hub),
    bodyLimit: 1024,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' })
  }).withTypeProvider<TypeBoxTypeProvider>() as unknown as HubInstance
  app.decorate('hub', hub)
  endConnections(app)
  await app.register(requestIds)
  await app.register(errors)
  await app.register(cookie)
  await app.register(metricsPlugin, { metrics: hub.metrics, token: config.metricsToken })
  await app.register(auth)
  await app.register(health, { checks })
  return app
}
