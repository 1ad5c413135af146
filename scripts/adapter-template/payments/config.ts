import type { Manifest } from '../../../core/adapter/index.ts'

const todo = { es: 'TODO', en: 'TODO' }

export const manifest: Manifest = {
  id: 'acme',
  name: 'Acme',
  families: ['payments'],
  // Offered only with PASARELA_EXPERIMENTAL=1 until the facts are complete.
  experimental: true,
  countries: ['MX'],
  currencies: ['MXN'],
  methods: [{ type: 'card' }],
  modes: ['test', 'live'],
  base_urls: { test: { api: 'https://sandbox.acme.example' }, live: { api: 'https://api.acme.example' } },
  credentials: {
    properties: {
      api_key: { type: 'string', title: todo, help: todo, where: todo, pattern: '^acme_(test|live)_[A-Za-z0-9]{8,100}$', secret: true, kind: 'text' },
      webhook_secret: { type: 'string', title: todo, help: todo, where: todo, pattern: '^[A-Za-z0-9_]{8,100}$', secret: true, kind: 'text' }
    },
    required: ['api_key']
  },
  settings: { properties: {} },
  setup_steps: [todo],
  webhooks: { events: ['TODO'], secret: 'webhook_secret', signs: 'body', answer_within_ms: 10_000, manual_steps: [todo] },
  rate_limits: { test: 10, live: 10 },
  timeouts_ms: { default: 30_000 },
  // idempotency-key, if the provider takes one (then idempotency_window_ms says for how long); natural-key, if it refuses a second
  // one of our reference; query-first, if it must be asked; never, if even that does not tell.
  retry_safety: { create_payment: 'query-first', confirm_payment: 'query-first', capture: 'query-first', cancel: 'query-first', refund: 'query-first' },
  idempotency_window_ms: 0,
  settles_within_ms: 120_000,
  // How the provider counts, where it is not as ISO 4217 does: { CLP: { exponent: 2 }, MXN: { minimum: 1000 } }.
  amounts: {},
  errors: {},
  sources: [{ title: 'TODO', url: 'https://example.com/todo', read_on: '2000-01-01' }]
}
