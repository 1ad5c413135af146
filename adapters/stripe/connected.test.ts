import t from 'tap'
import stripe from './adapter.ts'
import { card, closesAgents, key, open, type Opened, order, refused, simulated } from './testing/simulated.ts'

const { payments, webhooks } = stripe

closesAgents(t)

/** A platform opens an account that it may act for. */
async function connect (context: Opened, url: string): Promise<string> {
  const answer = await fetch(`${url}/v1/accounts`, { method: 'POST', headers: { authorization: `Bearer ${context.credentials.secret_key}`, 'content-type': 'application/x-www-form-urlencoded' }, body: 'type=standard&country=MX' })
  if (!answer.ok) throw new Error(await answer.text())
  return (await answer.json() as { id: string }).id
}

t.test('a connection to a connected account acts for it, with its platform’s keys', async t => {
  const simulator = await simulated(t)
  const platform = open(simulator)
  const own = await stripe.test(platform)
  const account = await connect(platform, simulator.url)
  const context = open(simulator, { credentials: platform.credentials, settings: { connected_account: account } })
  const proof = await stripe.test(context)
  t.equal(proof.account.id, account)
  t.not(proof.account.id, own.account.id)

  const input = order({ method: card('pm_card_visa') })
  const paid = await payments.createPayment(context, input)
  t.equal(paid.status, 'succeeded')
  for (const { requestHeaders } of context.exchanges) t.equal(requestHeaders['stripe-account'], account)
  t.match(await refused(payments.getPayment(platform, paid.providerReference)), { code: 'not_found' }, 'it is not the platform’s own')
  t.equal(platform.exchanges.some(({ requestHeaders }) => 'stripe-account' in requestHeaders), false)

  const opened = await payments.createPayment(context, order())
  t.match(opened.nextAction, { type: 'client_secret', publishable_key: platform.credentials.publishable_key, account }, 'Stripe.js needs both')
  const asked = await payments.createPayment(context, order({ method: card('pm_card_threeDSecure2Required') }))
  t.match(asked.nextAction, { type: 'sdk_challenge', data: { account } })

  t.match(await refused(stripe.test(open(simulator, { credentials: platform.credentials, settings: { connected_account: 'acct_1Nobodys00000000' } }))), { reached: 'answered' }, 'another’s account')
})

t.test('its webhooks come through the platform', async t => {
  const simulator = await simulated(t)
  const platform = open(simulator)
  const account = await connect(platform, simulator.url)
  const context = open(simulator, { credentials: platform.credentials, settings: { connected_account: account } })
  const { createServer } = await import('node:http')
  const received: Buffer[] = []
  const server = createServer((request, response) => { request.on('data', chunk => received.push(chunk)).on('end', () => response.end()) }).listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  t.teardown(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as { port: number }).port}/hook`

  const made = await webhooks.register(context, { url, events: ['payment_intent.succeeded'] })
  const [registered] = context.exchanges
  t.match(String(registered?.requestBody), /connect=true/)
  t.equal(registered?.requestHeaders['stripe-account'], undefined)
  const paid = await payments.createPayment(context, order({ method: card('pm_card_visa') }))
  await payments.createPayment(platform, order({ method: card('pm_card_visa'), idempotencyKey: key() }))
  await simulator.settled()
  t.match(received.map(body => JSON.parse(body.toString())), [{ account, data: { object: { id: paid.providerReference } } }], 'and not those of the platform itself')
  await webhooks.unregister(context, made.providerReference)
})

t.test('the setting is an account or nothing', t => {
  const { pattern = '' } = stripe.manifest.settings.properties.connected_account ?? {}
  for (const [value, good] of [['', true], ['acct_1AbCdEfGhIjKlMnO', true], ['acct_', false], ['1AbC', false], ['acct_1AbCdEfGh\nx', false]] as const) t.equal(new RegExp(pattern, 'u').test(value), good, value)
  t.end()
})
