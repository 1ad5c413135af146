import { payPage } from '../../../adapters/stripe/testing/payer.ts'
import { eventually, expect, expectStatus } from '../expect.ts'
import { money, type Step, type Story } from '../story.ts'

const eur = 'EUR'

/** The payments that a page or a subscription has made. */
async function paymentsOf (story: Story, origin: string): Promise<any[]> {
  const { body } = await story.get('shop').get('/v1/payments?limit=100')
  return body.data.filter((payment: { origin: { id: string } | null }) => payment.origin?.id === origin)
}

export const aroundACharge: Step[] = [
  {
    name: 'A checkout page: the payer is sent there, pays by card, and one payment comes of it',
    async run (story) {
      const shop = story.get('shop')
      const made = await shop.post('/v1/checkout_sessions', {
        amount: 129800,
        currency: 'MXN',
        lines: [{ name: 'Double room', quantity: 2, unit_amount: 64900 }],
        success_url: 'https://shop.example/thanks',
        reference: 'web-31'
      })
      expectStatus('the page', made, 201, { id: /^chk_/, status: 'open', url: /^http/, payment: null })
      await payPage(made.body.url)
      const done = await eventually('the webhook completes it', async () => (await shop.get(`/v1/checkout_sessions/${made.body.id}`)).body, { status: 'complete', payment: /^pay_/ })
      // Which card it was is told by an event of its own.
      await eventually('its payment', async () => await shop.get(`/v1/payments/${done.payment}`), { status: 200, body: { status: 'succeeded', amount_captured: 129800, reference: 'web-31', method: { last4: '4242' } } })
      return [`${made.body.id} → ${done.payment}: ${money(129800, 'MXN')}`]
    }
  },
  {
    name: 'A payment link for two, paid by two people, and closed behind the second',
    async run (story) {
      const shop = story.get('shop')
      const made = await shop.post('/v1/payment_links', { amount: 35000, currency: 'MXN', description: 'Wine tasting', reference: 'tasting', max_payments: 2 })
      expectStatus('the link', made, 201, { id: /^lnk_/, status: 'open', url: /^http/ })
      const { id, url } = made.body
      await payPage(url, { name: 'Ana Pérez', email: 'ana@shop.example' })
      await payPage(url, { name: 'Luis Mora', email: 'luis@shop.example' })
      const link = await eventually('both are counted', async () => (await shop.get(`/v1/payment_links/${id}`)).body, { totals: { payments: 2, amount: 70000 }, url: null })
      const payments = await paymentsOf(story, id)
      expect('its payments', payments.map(({ status }) => status), ['succeeded', 'succeeded'])
      return [`${id}: ${link.totals.payments} payments, ${money(link.totals.amount, 'MXN')}, now ${link.status}`]
    }
  },
  {
    name: 'A saved card: kept for a customer, charged later without them',
    async run (story) {
      const shop = story.get('shop')
      const customer = await shop.post('/v1/customers', { name: 'Ana Pérez', email: 'ana@shop.example', tax_id: 'XAXX010101000' })
      expectStatus('the customer', customer, 201, { id: /^cus_/ })
      const saved = await shop.post(`/v1/customers/${customer.body.id}/payment_methods`, { type: 'card', token: 'pm_card_visa' })
      expectStatus('the card is kept', saved, 201, { id: /^pmt_/, status: 'active', brand: 'visa', last4: '4242', default: true })
      const charged = await shop.post('/v1/payments', { amount: 8900, currency: 'MXN', customer: customer.body.id, method: { type: 'card', payment_method: saved.body.id }, off_session: true, reference: 'minibar' })
      expectStatus('it is charged', charged, 201, { status: 'succeeded', amount_captured: 8900 })
      story.keep('customer', customer.body.id)
      return [`${saved.body.id}: ${saved.body.brand} …${saved.body.last4}, ${charged.body.id}: ${money(8900, 'MXN')}`]
    }
  },
  {
    name: 'A subscription on that card: its first period paid, a change priced by the provider, ended with the period',
    async run (story) {
      const shop = story.get('shop')
      const plan = async (name: string, amount: number) => {
        const made = await shop.post('/v1/plans', { name, amount, currency: eur, interval: 'month' })
        expectStatus('the plan', made, 201, { id: /^pln_/, status: 'active' })
        return made.body.id
      }
      const [gym, spa] = [await plan('Gym', 2900), await plan('Gym and spa', 5900)]
      const made = await shop.post('/v1/subscriptions', { customer: story.get('customer'), plan: gym, reference: 'member-8' })
      expectStatus('the subscription', made, 201, { id: /^sub_/, status: 'active', plan: gym })
      const path = `/v1/subscriptions/${made.body.id}`
      const { data: [cycle] } = await eventually('its first period is paid', async () => (await shop.get(`${path}/cycles`)).body, { data: [{ status: 'paid', amount: 2900, payment: /^pay_/ }] })
      expectStatus('by a payment of ours', await shop.get(`/v1/payments/${cycle.payment}`), 200, { status: 'succeeded', amount: 2900, currency: eur })
      const preview = await shop.post(`${path}/preview`, { plan: spa, proration: 'prorate' })
      expectStatus('what a change would cost', preview, 200, { currency: eur })
      expect('the change costs something', preview.body.prorated > 0, true)
      const ended = await shop.post(`${path}/cancel`, { at: 'period_end' })
      expectStatus('it ends with the period', ended, 200, { status: 'active', cancel_at_period_end: true })
      return [`${made.body.id}: ${money(2900, eur)} a month, first period ${cycle.payment}`, `a change to ${money(5900, eur)} would cost ${money(preview.body.prorated, eur)} now; ends ${ended.body.current_period_end}`]
    }
  }
]
