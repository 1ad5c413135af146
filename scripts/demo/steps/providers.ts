import { expect, expectStatus, eventually } from '../expect.ts'
import { money, type Step } from '../story.ts'

/** One card at each provider: what differs is its token, and what that provider must know of the payer. */
interface Till { provider: string, amount: number, currency: string, token: string, more?: object, details?: object }

const ana = { name: 'Ana Pérez', email: 'ana@shop.example', phone: '5522997233', tax_id: '1020304050' }

/** A provider that is not offered here (its adapter is experimental, or not there yet) is left out, and said so. */
const tills: Till[] = [
  { provider: 'stripe', amount: 19_900, currency: 'MXN', token: 'pm_card_visa' },
  { provider: 'conekta', amount: 19_900, currency: 'MXN', token: 'tok_test_visa_4242' },
  { provider: 'mercadopago', amount: 19_900, currency: 'MXN', token: 'sim-token-visa-APRO' },
  { provider: 'paypal', amount: 19_900, currency: 'MXN', token: 'vault-visa', more: { return_url: 'https://shop.example/back' } },
  { provider: 'payu', amount: 19_900, currency: 'MXN', token: 'sim-VISA-APPROVED', details: { payment_method: 'VISA' } },
  { provider: 'wompi', amount: 5_000_000, currency: 'COP', token: 'tok_test_sim_approved' },
  { provider: 'kushki', amount: 19_900, currency: 'MXN', token: 'sim_approved' }
]

export const providers: Step[] = [{
  name: 'One payment at each provider: the same call, and the same shape of what comes back',
  async run (story) {
    const shop = story.get('shop')
    const { simulated = {} } = story.get('firstRun')
    const offered = new Set((await shop.get('/v1/providers')).body.data.map(({ id }: { id: string }) => id))
    const lines: string[] = []
    let shape: string[] | undefined
    for (const { provider, amount, currency, token, details, more } of tills) {
      const known = provider === 'stripe' ? story.get('connection') : undefined
      if (!offered.has(provider) || (known === undefined && simulated[provider] === undefined)) {
        lines.push(`${provider.padEnd(12)} is not offered here`)
        continue
      }
      const made = known === undefined ? await shop.post('/v1/connections', { provider, mode: 'test', credentials: simulated[provider] }) : undefined
      if (made !== undefined) {
        expectStatus(`${provider} is connected`, made, 201)
        expectStatus(`${provider} is proved`, await shop.post(`/v1/connections/${made.body.id}/test`), 200, { health: 'healthy' })
      }
      const asked = await shop.post('/v1/payments', { amount, currency, connection: known ?? made!.body.id, customer: ana, description: 'Una noche', method: { type: 'card', token, ...(details !== undefined && { details }) }, ...more })
      expectStatus(`${provider} takes a payment`, asked, asked.status === 202 ? 202 : 201)
      const { body: payment } = await eventually(`${provider}'s payment succeeds`, async () => await shop.get(`/v1/payments/${asked.body.id}`), { body: { status: 'succeeded', amount, currency, amount_captured: amount, amount_refunded: 0, provider, error: null, next_action: null, method: { type: 'card' } } }, 40_000)
      const seen = shapeOf(payment)
      shape ??= seen
      expect(`${provider} comes back in the same shape`, seen, shape)
      lines.push(`${provider.padEnd(12)} ${payment.status}  ${money(payment.amount_captured, payment.currency).padStart(13)}  card ${payment.method.brand ?? '–'} ${payment.method.last4 ?? '–'}  ${payment.provider_reference}`)
    }
    return [...lines, `each has: ${shape!.join(', ')}`]
  }
}]

/** The names of what a partner reads. */
function shapeOf (payment: Record<string, unknown>): string[] {
  return Object.keys(payment).toSorted()
}
