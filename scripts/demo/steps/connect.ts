import { Api } from '../api.ts'
import { eventually, expect, expectStatus } from '../expect.ts'
import type { Step } from '../story.ts'

/** The shop's own account: well-formed, and good at the simulator only. */
const account = { secret_key: 'sk_test_51TheShopsOwnAccount0000000001', publishable_key: 'pk_test_51TheShopsOwnAccount0000000001' }

export const connect: Step[] = [
  {
    name: 'A new tenant, with an API key of its own, in two calls',
    async run (story) {
      const tenant = await story.platform().post('/v1/tenants', { name: 'Hotel Alhambra', country: 'MX' })
      expectStatus('a tenant is made', tenant, 201, { id: /^ten_/ })
      const key = await story.platform(tenant.body.id).post('/v1/api_keys', { label: 'Front desk', mode: 'test' })
      expectStatus('an API key is made', key, 201, { key: /^pas_test_/ })
      story.keep('tenant', tenant.body.id)
      story.keep('shop', new Api(story.get('firstRun').url, key.body.key))
      const listed = await story.platform(tenant.body.id).get('/v1/api_keys')
      expectStatus('it is listed', listed, 200, { data: [{ id: key.body.id, hint: key.body.hint }] })
      expect('and not shown again', JSON.stringify(listed.body).includes(key.body.key), false)
      return [`${tenant.body.id}, key ${key.body.hint} (shown once, stored hashed)`]
    }
  },
  {
    name: 'Credentials that cannot be right are refused before anything is kept',
    async run (story) {
      const shop = story.get('shop')
      const post = async (credentials: object) => await shop.post('/v1/connections', { provider: 'stripe', mode: 'test', credentials })
      expectStatus('a misshapen key', await post({ ...account, secret_key: 'abc' }), 422, { code: 'credentials_invalid', errors: [{ path: 'credentials.secret_key' }] })
      expectStatus('a live key in test mode', await post({ secret_key: account.secret_key.replace('test', 'live'), publishable_key: account.publishable_key.replace('test', 'live') }), 422, { code: 'mode_contradicts_credentials' })
      expectStatus('no connection came of it', await shop.get('/v1/connections'), 200, { data: [] })
      return ['a misshapen key: credentials_invalid', 'a live key for test mode: mode_contradicts_credentials']
    }
  },
  {
    name: 'A well-formed key that Stripe does not know fails its test, and says so',
    async run (story) {
      const shop = story.get('shop')
      const made = await shop.post('/v1/connections', { provider: 'stripe', mode: 'test', label: 'Typed wrong', credentials: { ...account, secret_key: 'sk_test_invalid00000000000000000000' } })
      expectStatus('it is kept', made, 201, { health: 'untested' })
      const test = await shop.post(`/v1/connections/${made.body.id}/test`)
      expectStatus('the test', test, 200, { ok: false, health: 'failing', error: { code: 'invalid_credentials' } })
      expectStatus('it is taken away', await shop.delete(`/v1/connections/${made.body.id}`), 204)
      return [`${test.body.error.code}: ${test.body.error.message}`]
    }
  },
  {
    name: 'The tenant connects its own Stripe account; secrets come back as fingerprints only',
    async run (story) {
      const made = await story.get('shop').post('/v1/connections', { provider: 'stripe', mode: 'test', label: 'Reception', credentials: account })
      expectStatus('the connection', made, 201, { id: /^con_/, health: 'untested', credentials: { secret_key: { fingerprint: /./ } } })
      expect('the secret is not in the answer', JSON.stringify(made.body).includes(account.secret_key), false)
      story.keep('connection', made.body.id)
      story.keep('webhookUrl', made.body.webhook_url)
      return [`${made.body.id}, secret_key ${made.body.credentials.secret_key.hint} → ${made.body.credentials.secret_key.fingerprint}`]
    }
  },
  {
    name: 'The connection is proved at Stripe: an intent of the least amount, cancelled at once',
    async run (story) {
      const test = await story.get('shop').post(`/v1/connections/${story.get('connection')}/test`)
      expectStatus('the test', test, 200, { ok: true, health: 'healthy', mode: 'test', account: { id: /^acct_/ } })
      return [`account ${test.body.account.id}`, ...test.body.evidence]
    }
  },
  {
    name: 'The webhook is registered at Stripe by its API',
    async run (story) {
      const answer = await story.get('shop').post(`/v1/connections/${story.get('connection')}/webhook`)
      expectStatus('the registration', answer, 200, { webhook: { registered: true, provider_reference: /^we_/, url: answer.body.webhook_url } })
      return [`${answer.body.webhook.provider_reference} → ${new URL(answer.body.webhook_url).origin}/hooks/…`]
    }
  },
  {
    name: 'A real signed event arrives, and with it the set-up is done',
    async run (story) {
      const path = `/v1/connections/${story.get('connection')}/setup`
      const setup = await eventually('the set-up is done', async () => (await story.get('shop').get(path)).body, { done: true })
      return setup.steps.map(({ title, status }: { title: string, status: string }) => `${title}: ${status}`)
    }
  }
]
