import {
  bool, duration, durationFrom, durations, graphVersion, host, int, list, mailAddress, milliseconds, nif, oneOf, origin, packageName, perSecond, port, publicOrigin, ratio, ruc, text, trustedProxies, twoCharacters, url
} from './config-kinds.ts'
import type { Kind } from './config-kinds.ts'

export interface Variable {
  readonly kind: Kind<any>
  readonly group: string
  /** One sentence. */
  readonly description: string
  /** As it would be written in the environment. Absent: the variable is optional, and its value `undefined`. */
  readonly default?: string
  /** A default that depends on other variables, and how the documentation says it. */
  readonly defaultFrom?: { readonly text: string, readonly of: (isSet: (name: string) => boolean) => string }
  /** Never shown: not in errors, not in the start-up summary. */
  readonly secret?: true
  readonly example?: string
}

const databases = ['DATABASE_URL', 'DATABASE_APP_URL', 'DATABASE_QUEUE_URL']

/**
 * Every variable that the hub reads: the validation, the type `Config`, `docs/config.md` and `.env.example` come from here.
 * The key in `Config` is the name without `PASARELA_`, in camel case; `NAME_<ID>` is a family, one for each id, and becomes a map.
 */
export const variables = {
  PORT: { kind: port, group: 'Server', default: '3000', description: 'Port that the API listens on; 0 takes a free one.' },
  HOST: { kind: host, group: 'Server', default: '127.0.0.1', description: 'Address that the API listens on; 0.0.0.0 for all.' },
  PASARELA_PUBLIC_URL: { kind: publicOrigin, group: 'Server', example: 'https://pay.example.com', description: 'Origin at which browsers and providers reach the hub; the listening address when absent.' },
  PASARELA_ROLES: { kind: list(oneOf('api', 'worker')), group: 'Server', default: 'api,worker', description: 'Which parts `npm start` runs in this process.' },
  PASARELA_CONSOLE: { kind: bool, group: 'Server', default: 'true', description: 'Builds the web app at start where it is not built, or is older than its sources; what is built is served either way.' },
  PASARELA_DATA_DIR: { kind: text, group: 'Server', default: '.data', description: 'Folder for the bundled database, documents and first-run.json.' },
  TRUST_PROXY: { kind: trustedProxies, group: 'Server', default: 'false', example: '10.0.0.0/8', description: 'Proxies whose X-Forwarded-For is believed; true believes anybody and lets callers choose their address.' },
  LOG_LEVEL: { kind: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'), group: 'Server', default: 'info', description: 'Least severe log line that is written.' },
  SHUTDOWN_MS: { kind: milliseconds, group: 'Server', default: '4500', description: 'How long a process that is told to stop may finish what it began.' },

  WORKER_PORT: { kind: port, group: 'Telemetry', example: '9464', description: 'Port on which a worker process of its own serves /metrics, /health and /ready, on HOST; none when absent.' },
  METRICS_TOKEN: { kind: text, group: 'Telemetry', secret: true, example: 'openssl rand -base64 32', description: 'A bearer token that opens /metrics and nothing else, for Prometheus; without it only this machine, staff and the platform\'s key read it.' },
  OTEL_EXPORTER_OTLP_ENDPOINT: { kind: url('http', 'https'), group: 'Telemetry', example: 'http://collector:4318', description: 'OpenTelemetry collector that traces are sent to, over OTLP/HTTP; nothing is traced when absent.' },
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: { kind: url('http', 'https'), group: 'Telemetry', example: 'https://traces.example.com/v1/traces', description: 'The same with its whole path, where traces go elsewhere.' },
  OTEL_EXPORTER_OTLP_HEADERS: { kind: text, group: 'Telemetry', secret: true, example: 'authorization=Bearer%20…', description: 'Headers for the collector, as name=value separated by commas.' },
  OTEL_SERVICE_NAME: { kind: text, group: 'Telemetry', default: 'pasarela', description: 'Name of this service in traces.' },
  OTEL_RESOURCE_ATTRIBUTES: { kind: text, group: 'Telemetry', example: 'deployment.environment.name=production', description: 'Further attributes of every trace, as name=value separated by commas.' },
  OTEL_TRACES_SAMPLER: { kind: oneOf('always_on', 'always_off', 'traceidratio', 'parentbased_always_on', 'parentbased_always_off', 'parentbased_traceidratio'), group: 'Telemetry', default: 'parentbased_always_on', description: 'Which traces are kept; parentbased_… lets callers who send a traceparent decide for theirs.' },
  OTEL_TRACES_SAMPLER_ARG: { kind: ratio, group: 'Telemetry', default: '1', description: 'The share that is kept, where the sampler wants one.' },
  OTEL_SDK_DISABLED: { kind: bool, group: 'Telemetry', default: 'false', description: 'Traces nothing, whatever else is set.' },

  DATABASE_URL: { kind: url('postgres', 'postgresql'), group: 'Database', secret: true, example: 'postgres://pasarela:password@localhost:5432/pasarela', description: 'Owner of the database, which only migrates; a bundled PostgreSQL is started when no DATABASE_… is set.' },
  DATABASE_APP_URL: { kind: url('postgres', 'postgresql'), group: 'Database', secret: true, example: 'postgres://pasarela_app:password@localhost:5432/pasarela', description: 'Role of the application, which owns nothing; made by `migrate` when absent.' },
  DATABASE_QUEUE_URL: { kind: url('postgres', 'postgresql'), group: 'Database', secret: true, example: 'postgres://pasarela_queue:password@localhost:5432/pasarela', description: 'Role of the job queues; made by `migrate` when absent.' },
  DATABASE_POOL_SIZE: { kind: int(1, 1000), group: 'Database', default: '10', description: 'Most connections that a process opens for the application role.' },

  DOCUMENTS_S3_BUCKET: { kind: text, group: 'Documents', example: 'pasarela-documents', description: 'Bucket of an S3-compatible storage that keeps XML and PDF; a folder of PASARELA_DATA_DIR when absent.' },
  DOCUMENTS_S3_ENDPOINT: { kind: origin, group: 'Documents', example: 'https://account.r2.cloudflarestorage.com', description: 'Where that storage is reached; Amazon\'s own of the region when absent.' },
  DOCUMENTS_S3_REGION: { kind: text, group: 'Documents', default: 'auto', description: 'Region of the bucket.' },
  DOCUMENTS_S3_ACCESS_KEY_ID: { kind: text, group: 'Documents', example: 'AKIA…', description: 'Access key of the storage.' },
  DOCUMENTS_S3_SECRET_ACCESS_KEY: { kind: text, group: 'Documents', secret: true, example: '…', description: 'Its secret.' },
  DOCUMENTS_RETENTION_YEARS: { kind: int(1, 100), group: 'Documents', default: '5', description: 'How long a stored document is kept, at least and at most (Mexico: CFF art. 30).' },

  SMTP_URL: { kind: url('smtp', 'smtps'), group: 'Mail', secret: true, example: 'smtps://user:password@mail.example.com', description: 'Mail server that invoices go out through; without it no mail is sent.' },
  MAIL_FROM: { kind: mailAddress, group: 'Mail', example: 'invoices@pay.example.com', description: 'Address that mails come from, and that bounces go to; each carries its issuer\'s name.' },
  SMTP_TIMEOUT_MS: { kind: milliseconds, group: 'Mail', default: '30000', description: 'How long the mail server may be silent.' },
  MAIL_SCHEDULE: { kind: durations, group: 'Mail', default: '1m,5m,30m,2h,6h,1d', description: 'Waits before a mail that could not go out is tried again.' },
  MAIL_KEEP: { kind: duration, group: 'Mail', default: '90d', description: 'How long it is kept who got a mail and what it said.' },

  WHATSAPP_URL: { kind: origin, group: 'Notices', default: 'https://graph.facebook.com', description: 'Where the WhatsApp Cloud API is reached.' },
  WHATSAPP_GRAPH_VERSION: { kind: graphVersion, group: 'Notices', default: 'v24.0', description: 'Version of the Graph API that is spoken, unless a tenant\'s channel names another.' },
  NOTICE_TIMEOUT_MS: { kind: milliseconds, group: 'Notices', default: '15000', description: 'How long WhatsApp or a push service may take to answer.' },
  NOTICE_PRIVATE_ADDRESSES: { kind: bool, group: 'Notices', default: 'false', description: 'Lets the mail server that a tenant names, and push services, be on a private network or this machine.' },

  PASARELA_MASTER_KEYS: { kind: text, group: 'Secrets', secret: true, example: 'k2:<openssl rand -base64 32>,k1:<openssl rand -base64 32>', description: 'Master keys as id:base64; the first wraps what is new, all open.' },

  PASARELA_ADAPTERS: { kind: list(packageName), group: 'Providers', example: 'pasarela-adapter-acme,@acme/pasarela', description: 'npm packages of third parties that hold further adapters.' },
  PASARELA_EXPERIMENTAL: { kind: bool, group: 'Providers', default: 'false', description: 'Offers adapters and methods whose facts are incomplete.' },
  'PASARELA_PROVIDER_URL_<ID>': { kind: origin, group: 'Providers', example: 'http://127.0.0.1:4010', description: 'Replaces every origin of that adapter and keeps the paths.' },
  'PASARELA_OPERATOR_FILE_<ID>': { kind: text, group: 'Providers', example: '/run/secrets/face.pem', description: 'File with the operator\'s own secret for that provider, where one account serves every tenant. Of Facturae: a PEM with the certificate that is registered as an integrator at FACe and its private key. Of Stripe and Mercado Pago: JSON with the application by which tenants connect with a button, `{"test": {"client_id": …}, "live": {…}}`; its fields are on the adapter\'s page.' },
  'PASARELA_PROVIDER_RATE_<ID>': { kind: perSecond, group: 'Providers', example: '25', description: 'Requests per second that one connection may send to that provider, in place of what its manifest says.' },

  PASARELA_DEMO: { kind: bool, group: 'Demo and checks', defaultFrom: { text: '`true` when no `DATABASE_…` is set, else `false`', of: isSet => String(!databases.some(isSet)) }, example: 'false', description: 'Runs the bundled simulators and makes a demo tenant that is connected to them.' },
  PASARELA_DEMO_SHOP: { kind: bool, group: 'Demo and checks', default: 'true', description: 'Gives the demo tenant customers, payments, invoices and the like to look at, once, after the first start.' },
  'PASARELA_SIMULATOR_PORT_<ID>': { kind: port, group: 'Demo and checks', example: '4010', description: 'Port of that provider\'s simulator; a free one when absent.' },
  PASARELA_ORACLE_DATA: { kind: text, group: 'Demo and checks', example: '/srv/oracle', description: 'Folder with reference data that checks compare the documents with; not needed to run.' },

  RATE_LIMIT_PER_MINUTE_KEY: { kind: int(1, 1e9), group: 'Limits', default: '6000', description: 'Requests a minute with one API key or session.' },
  RATE_LIMIT_PER_MINUTE_ADDRESS: { kind: int(1, 1e9), group: 'Limits', default: '600', description: 'Requests a minute from one address without either.' },
  RATE_LIMIT_HOOKS_PER_MINUTE_ADDRESS: { kind: int(1, 1e9), group: 'Limits', default: '60000', description: 'Webhooks a minute from one address.' },
  SESSION_TTL: { kind: duration, group: 'Limits', default: '12h', description: 'How long a login lasts.' },
  IDEMPOTENCY_KEEP: { kind: duration, group: 'Limits', default: '24h', description: 'How long the answer to an Idempotency-Key is kept.' },
  IDEMPOTENCY_LEASE_MS: { kind: milliseconds, group: 'Limits', default: '10000', description: 'After how long a request that never ended no longer holds its Idempotency-Key.' },

  QUEUE_URL: { kind: url('redis', 'rediss'), group: 'Jobs', secret: true, example: 'redis://localhost:6379', description: 'Moves the job queues to Redis; PostgreSQL when absent.' },
  QUEUE_LOCK_MS: { kind: milliseconds, group: 'Jobs', default: '30000', description: 'How long a worker that is silent still holds its job.' },
  JOB_LEASE_MS: { kind: milliseconds, group: 'Jobs', default: '120000', description: 'How long work that a process began is its own: when it died of it, others take the work up after that. No less than a call to a provider may take.' },
  QUEUE_STALLED_MS: { kind: milliseconds, group: 'Jobs', default: '30000', description: 'How often workers look for jobs whose worker is gone.' },
  SWEEP_INTERVAL_MS: { kind: milliseconds, group: 'Jobs', default: '5000', description: 'How often work that was saved but never queued is queued.' },
  RESOLVER_SCHEDULE: { kind: durations, group: 'Jobs', default: '5s,15s,1m,5m,30m,1h,6h,1d,1d,1d,1d,1d,1d', description: 'Waits between questions to a provider about an outcome that is unknown.' },
  PAYMENT_WANTED_FOR: { kind: duration, group: 'Jobs', default: '10m', description: 'How long an unanswered payment may still be sent again with its own key.' },

  RETENTION_PAYLOADS: { kind: durationFrom(7), group: 'Retention', default: '90d', description: 'How long it is kept what providers sent, what was said to them, and whom an event is about; the facts stay.' },
  RETENTION_EVENTS: { kind: durationFrom(30), group: 'Retention', default: '400d', description: 'How long events are kept, in whole months.' },
  RETENTION_OPERATIONS: { kind: durationFrom(30), group: 'Retention', default: '400d', description: 'How long calls to providers are kept, in whole months.' },
  RETENTION_INBOUND: { kind: durationFrom(30), group: 'Retention', default: '400d', description: 'How long webhooks of providers are kept, in whole months.' },
  RETENTION_DELIVERIES: { kind: durationFrom(7), group: 'Retention', default: '90d', description: 'How long it is kept what was delivered to webhook endpoints, and how that went.' },
  RETENTION_AUDIT: { kind: durationFrom(365), group: 'Retention', default: '1830d', description: 'How long the audit log is kept (PCI DSS 10.5.1: a year at least; Mexico, CFF art. 30: five).' },

  BACKUP_DIR: { kind: text, group: 'Backup', example: '/var/backups/pasarela', description: 'Folder that a scheduled backup is written to, on another disk than the database; no schedule when absent. Needs DATABASE_URL, or the bundled database.' },
  BACKUP_EVERY: { kind: duration, group: 'Backup', default: '1d', description: 'From the end of one scheduled backup to the next.' },
  BACKUP_KEEP: { kind: int(1, 1000), group: 'Backup', default: '14', description: 'Scheduled backups that are kept, the newest.' },

  PASARELA_SRI_PROVIDER_RUC: { kind: ruc, group: 'Invoices', example: '1790011674001', description: 'RUC of whoever runs this hub for others in Ecuador: written into every comprobante as "RUC Proveedor" (mandatory since 2026-09-26, NAC-DGERCGC26-00000027).' },
  VERIFACTU_PRODUCER_NAME: { kind: text, group: 'Invoices', example: 'Operadora, S.L.', description: 'Who answers for this software in Spain (entidad productora): stands in every record and in the declaración responsable. Needed to keep records in live mode.' },
  VERIFACTU_PRODUCER_NIF: { kind: nif, group: 'Invoices', example: 'B65410011', description: 'Their NIF.' },
  VERIFACTU_PRODUCER_ADDRESS: { kind: text, group: 'Invoices', example: 'Calle Mayor 1, 28013 Madrid, España', description: 'Their postal address, for the declaración responsable.' },
  VERIFACTU_PRODUCER_PLACE: { kind: text, group: 'Invoices', example: 'Madrid, España', description: 'Town and country where the declaración responsable is signed.' },
  VERIFACTU_PRODUCER_CONTACT: { kind: text, group: 'Invoices', example: 'sif@example.es, +34 910 000 000', description: 'Other ways to reach them, for its annex.' },
  VERIFACTU_SYSTEM_ID: { kind: twoCharacters, group: 'Invoices', default: 'PA', description: 'IdSistemaInformatico: what the producer calls this software among its own.' },
  REGISTER_LOOKS: { kind: durations, group: 'Invoices', default: '1d,3d,7d,14d,30d', description: 'Waits between looks at the tax authority\'s register for invoices that somebody cancelled elsewhere; the last repeats.' },
  REGISTER_LOOK_FOR: { kind: duration, group: 'Invoices', default: '500d', description: 'How long after its issue an invoice is looked at (Mexico: cancellable until the annual return of the year is due).' },
  STAMPS_READ_EVERY: { kind: duration, group: 'Invoices', default: '6h', description: 'How often a PAC is asked how many stamps are left.' },
  STAMPS_READ_AFTER: { kind: duration, group: 'Invoices', default: '15m', description: 'How soon it is asked after an invoice was issued.' },
  STAMPS_LOW: { kind: int(0, 1e9), group: 'Invoices', default: '100', description: 'Stamps left at which a person is told; at a fifth of them it is urgent.' },
  STAMPS_LOW_DAYS: { kind: int(0, 3650), group: 'Invoices', default: '14', description: 'Days for which stamps are left, by the use of the last weeks, at which a person is told; at a fifth of them it is urgent.' },

  BREAKER_FAILURES: { kind: int(1, 1000), group: 'Routing', default: '5', description: 'Calls of a connection that fail in a row (nobody reached, no answer, credentials refused) before another connection goes first.' },
  BREAKER_OPEN_MS: { kind: milliseconds, group: 'Routing', default: '30000', description: 'How long it is left out before one call tries whether it is well again.' },

  INBOUND_MAX_BYTES: { kind: int(1, 2 ** 30), group: 'Webhooks in', default: '1048576', description: 'Largest webhook that is taken.' },
  INBOUND_RECEIVE_MS: { kind: milliseconds, group: 'Webhooks in', default: '10000', description: 'How long the body of a webhook may take to arrive.' },
  INBOUND_SCHEDULE: { kind: durations, group: 'Webhooks in', default: '5s,30s,2m,10m,1h,6h', description: 'Waits before a webhook whose processing failed is tried again.' },
  INBOUND_REFUSED_PER_CONNECTION: { kind: int(0, 1e6), group: 'Webhooks in', default: '1000', description: 'Refused webhooks of a connection that are kept, the newest.' },

  WEBHOOK_SCHEDULE: { kind: durations, group: 'Webhooks out', default: '5s,1m,5m,30m,2h,5h,10h,14h,20h,1d', description: 'Waits before a delivery that failed is tried again, each a fifth longer or shorter by chance: ten of them, over 75 hours.' },
  WEBHOOK_TIMEOUT_MS: { kind: milliseconds, group: 'Webhooks out', default: '15000', description: 'How long a webhook endpoint may take until it answers.' },
  WEBHOOK_FAILURES: { kind: int(1, 1000), group: 'Webhooks out', default: '5', description: 'Attempts at an endpoint that fail in a row before nothing is sent to it for a while.' },
  WEBHOOK_PAUSE: { kind: duration, group: 'Webhooks out', default: '30s', description: 'How long that is; then one delivery tries, and each time it fails the wait doubles, up to 15 minutes.' },
  WEBHOOK_DISABLE_AFTER: { kind: duration, group: 'Webhooks out', default: '5d', description: 'How long an endpoint may take nothing before it is disabled.' },
  WEBHOOK_CONCURRENCY: { kind: int(1, 10_000), group: 'Webhooks out', default: '256', description: 'Requests to webhook endpoints that one process has under way at most.' },
  WEBHOOK_CONCURRENCY_PER_ENDPOINT: { kind: int(1, 1000), group: 'Webhooks out', default: '64', description: 'Those to one endpoint at most; fewer while it answers slowly.' },
  WEBHOOK_PRIVATE_ADDRESSES: { kind: bool, group: 'Webhooks out', default: 'false', description: 'Lets webhook endpoints be on a private network or this machine: for development.' }
} as const satisfies Record<string, Variable>

export const familySuffix = '_<ID>'

/** As in a manifest, in capitals. */
export const familyId = /^[A-Z][A-Z0-9_]{1,30}$/
