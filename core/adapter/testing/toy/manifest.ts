import type { Manifest } from '../../index.ts'

const sample = { es: 'de juguete', en: 'toy' }

export const toyManifest: Manifest = {
  id: 'toy',
  name: 'Toy',
  families: ['payments'],
  experimental: false,
  countries: ['MX'],
  currencies: ['MXN', 'CLP', 'KWD', 'UGX'],
  methods: [{ type: 'card' }, { type: 'cash' }, { type: 'wire' }],
  modes: ['test', 'live'],
  base_urls: { test: { api: 'https://api.toy.test' }, live: { api: 'https://api.toy.test' } },
  credentials: {
    properties: {
      api_key: { type: 'string', title: sample, help: sample, where: sample, pattern: '^toy_(test|live)_[a-z0-9]{8,40}$', secret: true, kind: 'text' },
      shop: { type: 'string', title: sample, help: sample, where: sample, pattern: '^shop_(test|live)_[a-z0-9]{8,40}$', secret: false, kind: 'text' },
      webhook_secret: { type: 'string', title: sample, help: sample, where: sample, pattern: '^hook_[0-9a-f]{32}$', secret: true, kind: 'text' }
    },
    required: ['api_key', 'shop']
  },
  settings: { properties: {} },
  setup_steps: [],
  webhooks: { events: ['payment.changed'], secret: 'webhook_secret', signs: 'body', answer_within_ms: 5000, manual_steps: [] },
  rate_limits: { test: 50, live: 50 },
  timeouts_ms: { default: 5000 },
  retry_safety: {
    create_payment: 'idempotency-key', confirm_payment: 'idempotency-key', capture: 'idempotency-key', cancel: 'idempotency-key', refund: 'idempotency-key',
    create_checkout: 'idempotency-key', expire_checkout: 'idempotency-key', create_payment_link: 'idempotency-key', expire_payment_link: 'idempotency-key',
    create_customer: 'idempotency-key', update_customer: 'idempotency-key', delete_customer: 'natural-key', save_method: 'idempotency-key', remove_method: 'natural-key',
    create_plan: 'idempotency-key', create_subscription: 'idempotency-key', update_subscription: 'idempotency-key', cancel_subscription: 'natural-key',
    pause_subscription: 'idempotency-key', resume_subscription: 'idempotency-key', submit_evidence: 'idempotency-key', accept_dispute: 'natural-key',
    register_webhook: 'query-first'
  },
  idempotency_window_ms: 86_400_000,
  settles_within_ms: 60_000,
  amounts: { MXN: { minimum: 1000 }, KWD: { multipleOf: 10 }, UGX: { exponent: 2, multipleOf: 100 } },
  errors: {
    no_funds: 'insufficient_funds', too_small: 'amount_invalid', bad_key: 'invalid_credentials', gone: 'not_found', wrong_state: 'invalid_state', too_much: 'amount_invalid',
    wrong_lines: 'invalid_request', wants_payer: 'authentication_required', cash_stays: 'unsupported', not_theirs: 'invalid_request'
  },
  sources: [{ title: 'This file', url: 'https://github.com/pasarela', read_on: '2026-11-20' }]
}
