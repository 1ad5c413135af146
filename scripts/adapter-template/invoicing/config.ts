import type { Manifest } from '../../../core/adapter/index.ts'

const todo = { es: 'TODO', en: 'TODO' }

export const manifest: Manifest = {
  id: 'acme',
  name: 'Acme',
  families: ['invoicing'],
  // Offered only with PASARELA_EXPERIMENTAL=1 until the facts are complete.
  experimental: true,
  countries: ['MX'],
  currencies: [],
  methods: [],
  modes: ['test', 'live'],
  base_urls: { test: { api: 'https://sandbox.acme.example' }, live: { api: 'https://api.acme.example' } },
  credentials: {
    properties: {
      api_key: { type: 'string', title: todo, help: todo, where: todo, pattern: '^acme_(test|live)_[A-Za-z0-9]{8,100}$', secret: true, kind: 'text' }
    },
    required: ['api_key']
  },
  settings: { properties: {} },
  setup_steps: [todo],
  webhooks: null,
  rate_limits: { test: 10, live: 10 },
  timeouts_ms: { default: 30_000 },
  // idempotency-key, if the provider takes one (then idempotency_window_ms says for how long); natural-key, if it refuses a second
  // document of the same natural key; query-first, if it must be asked; never, if even that does not tell.
  retry_safety: { issue: 'query-first', cancel_document: 'query-first' },
  idempotency_window_ms: 0,
  settles_within_ms: 120_000,
  amounts: {},
  errors: {},
  sources: [{ title: 'TODO', url: 'https://example.com/todo', read_on: '2000-01-01' }]
}
