import type { Logger } from 'pino'
import { Client } from './client.ts'
import { makeDemoCsd } from './csd.ts'
import type { FirstRun } from './first-run.ts'

/**
 * Gives the demo tenant a day's work, so that every page of the console has something to show: customers, payments that went well
 * and not, links, sales, stamped invoices, subscriptions, webhooks of both ways, a refused one among them. All by the API that
 * everybody uses, each wish under an Idempotency-Key of its own, so that a start that was cut goes on at the next. What one part
 * cannot do (a simulator is replaced, PASARELA_PROVIDER_URL_…) does not keep the others: it is only said in the log.
 */
export async function furnishShop ({ made, log, signal, now = () => new Date() }: { made: FirstRun, log: Pick<Logger, 'warn'>, signal: AbortSignal, now?: () => Date }): Promise<void> {
  const client = new Client(made.url, made.api_key_test!)
  const platform = new Client(made.url, made.platform_key!, made.tenant_id)
  const post = async <T = { id: string }>(name: string, path: string, body: object = {}, as = client): Promise<T> => {
    signal.throwIfAborted()
    return await as.post<T>(path, body, { 'idempotency-key': `demo-shop-${encodeURIComponent(name)}` })
  }
  const part = async (name: string, work: () => Promise<void>): Promise<void> => {
    try {
      if (!signal.aborted) await work()
    } catch (error) {
      // Made at a start before, which was cut: what it made of its own (a certificate, a password) is not made twice.
      if (!signal.aborted && !String(error).includes('idempotency_mismatch')) log.warn({ reason: String(error) }, `the demo’s shop: no ${name}`)
    }
  }
  const shop: Shop = { client, platform, post, part, now, made, card: token => ({ type: 'card', token: `pm_card_${token}` }) }
  const customers: Record<string, string> = {}
  await part('customers', async () => {
    for (const { key, ...customer } of people) customers[key] = (await post(`customer ${key}`, '/v1/customers', customer)).id
  })
  await part('users', async () => { await staff(shop) })
  await part('webhook endpoint', async () => { await post('endpoint', '/v1/webhook_endpoints', { url: 'https://tienda.example/pasarela', label: 'Tienda en línea', event_types: ['payment.*', 'invoice.*'] }) })
  await takings(shop, customers)
  await part('subscriptions', async () => { await memberships(shop, customers) })
  await documents(shop)
  await part('bank', async () => {
    const account = await post('bank account', '/v1/bank_accounts', { currency: 'MXN', clabe: '012180001183597198', beneficiary: 'Escuela Kemper Urgate', label: 'Cuenta de ventas' })
    const day = now().toISOString().slice(0, 10)
    const file = Buffer.from(`Fecha,Concepto,Referencia,Abono,Cargo\n${day},PAGO STRIPE,STR-2210,4280.00,\n${day},TRANSFERENCIA SPEI LUIS MORA,8123,1160.00,\n${day},COMISION,,,87.00\n`)
    await post('bank statement', '/v1/bank_statements', { bank_account: account.id, file: file.toString('base64'), mapping: { date: 'Fecha', credit: 'Abono', debit: 'Cargo', description: ['Concepto'], reference: 'Referencia', date_order: 'ymd' } })
  })
  await part('refused webhook', async () => { await forged(shop) })
}

interface Shop {
  client: Client
  platform: Client
  post: <T = { id: string }>(name: string, path: string, body?: object, as?: Client) => Promise<T>
  part: (name: string, work: () => Promise<void>) => Promise<void>
  now: () => Date
  made: FirstRun
  card: (token: string) => { type: 'card', token: string }
}

const people = [
  { key: 'ana', name: 'Ana Pérez Luna', email: 'ana.perez@example.com', phone: '5522997233' },
  { key: 'luis', name: 'Luis Mora', email: 'luis.mora@example.com', phone: '5587120045' },
  { key: 'ivd', name: 'INNOVACION VALOR Y DESARROLLO', email: 'compras@ivd.example.com', tax_id: 'IVD920810GU2' },
  { key: 'sofia', name: 'Sofía Ramírez', email: 'sofia@example.com' }
]

/** A password that nobody knows: they are there to be seen in the list of users. */
async function staff ({ post, platform }: Shop): Promise<void> {
  for (const [key, name, role] of [['carla', 'Carla Núñez', 'tenant_member'], ['diego', 'Diego Salas', 'viewer']] as const) {
    await post(`user ${key}`, '/v1/users', { email: `${key}@pasarela.local`, name, role, password: crypto.randomUUID() }, platform)
  }
}

/** Payments in every state that a card can bring them to, and the links by which others may come. */
async function takings ({ post, part, card, made }: Shop, customers: Record<string, string>): Promise<void> {
  const pay = async (reference: string, amount: number, token: string, more: object = {}) => await post(`payment ${reference}`, '/v1/payments', { amount, currency: 'MXN', method: card(token), reference, ...(made.connections?.stripe !== undefined && { connection: made.connections.stripe }), ...more })
  const goods = ['Habitación doble', 'Cena para dos', 'Masaje relajante', 'Desayuno buffet', 'Late check-out', 'Traslado al aeropuerto']
  await part('payments', async () => {
    const who = Object.values(customers)
    for (const [index, amount] of [214900, 89000, 135000, 42000, 58000, 76050, 310000, 24900].entries()) {
      await pay(`pedido-${1041 + index}`, amount, index % 3 === 1 ? 'mastercard' : index % 3 === 2 ? 'amex' : 'visa', { description: goods[index % goods.length]!, ...(who.length > 0 && { customer: who[index % who.length]! }) })
    }
  })
  await part('payment that was declined', async () => { await pay('pedido-1049', 67000, 'visa_chargeDeclinedInsufficientFunds', { description: 'Cata de vinos' }) })
  await part('payment that waits for its payer', async () => { await pay('pedido-1050', 129900, 'threeDSecure2Required', { description: 'Suite', return_url: `${made.url}/thanks` }) })
  await part('payment to capture', async () => { await pay('deposito-77', 500000, 'visa', { description: 'Depósito en garantía', capture: 'manual' }) })
  await part('refund', async () => {
    const { id } = await pay('pedido-1051', 98000, 'visa', { description: 'Spa' })
    await post('refund', `/v1/payments/${id}/refunds`, { amount: 30000, reason: 'requested_by_customer' })
  })
  await part('payment links', async () => {
    for (const [description, amount] of [['Cata de vinos, sábado 19 h', 35000], ['Anticipo de boda', 1500000]] as const) await post(`link ${description}`, '/v1/payment_links', { amount, currency: 'MXN', description, reference: description.split(' ')[0]!.toLowerCase() })
    await post('checkout', '/v1/checkout_sessions', { amount: 129800, currency: 'MXN', lines: [{ name: 'Habitación doble', quantity: 2, unit_amount: 64900 }], success_url: `${made.url}/thanks`, reference: 'web-31' })
  })
}

async function memberships ({ post, card }: Shop, customers: Record<string, string>): Promise<void> {
  const plan = async (name: string, amount: number, interval: string) => (await post(`plan ${name}`, '/v1/plans', { name, amount, currency: 'MXN', interval })).id
  const plans = [await plan('Club mensual', 49900, 'month'), await plan('Club anual', 499000, 'year'), await plan('Café de la semana', 18900, 'week')]
  for (const [index, key] of ['ana', 'luis', 'sofia'].entries()) {
    if (customers[key] === undefined) continue
    await post(`card of ${key}`, `/v1/customers/${customers[key]}/payment_methods`, card(index === 1 ? 'mastercard' : 'visa'))
    await post(`subscription of ${key}`, '/v1/subscriptions', { customer: customers[key], plan: plans[index], reference: `socio-${12 + index}` })
  }
}

const rfc = 'EKU9003173C9'
const buyer = { name: 'INNOVACION VALOR Y DESARROLLO', tax_id: 'IVD920810GU2', address: { postal_code: '63901' }, email: 'compras@ivd.example.com', mx: { regime: '601', cfdi_use: 'G03' } }
const line = (description: string, unitPrice: string, product = '90111800') => ({ description, quantity: '1', unit_price: unitPrice, taxes: [{ type: 'IVA', rate: '0.16' }], mx: { product_key: product, unit_key: 'E48' } })

/** The shop's fiscal identity and certificate, then its invoices and sales. */
async function documents ({ post, part, now }: Shop): Promise<void> {
  await part('fiscal documents', async () => {
    const issuer = (await post('issuer', '/v1/issuers', { country: 'MX', tax_id: rfc, legal_name: 'ESCUELA KEMPER URGATE', trade_name: 'Hotel Alhambra', regime: '601', postal_code: '42501', colour: '#1f6f5f', ticket_footer: 'Gracias por su visita' })).id
    for (const [document, prefix] of [['invoice', 'F'], ['credit_note', 'NC'], ['payment_receipt', 'P'], ['global_invoice', 'G']] as const) await post(`series ${prefix}`, '/v1/series', { issuer, document, prefix })
    await part('certificate', async () => {
      const { passphrase, ...files } = makeDemoCsd({ rfc, name: 'ESCUELA KEMPER URGATE SA DE CV', at: now() })
      await post('certificate', '/v1/certificates', { ...files, passphrase, issuer })
    })
    await part('sales', async () => {
      const washed = [line('Lavado y encerado', '500.00', '76111501')]
      const counter = await post('sale at the counter', '/v1/sales', { issuer, lines: washed, customer: { email: 'ana.perez@example.com' }, reference: 'servicio-123' })
      await post('its payment', `/v1/sales/${counter.id}/confirm_payment`, { payment_received: true, payment_method: '01', requires_invoice: true, confirmed_by: 'caja-2' })
      for (const [reference, amount] of [['mesa-4', 34999], ['mesa-7', 25000], ['mesa-9', 9900]] as const) await post(`sale ${reference}`, '/v1/sales', { issuer, amount, tenders: [{ form: '01' }], requires_invoice: false, reference })
      await post('open sale', '/v1/sales', { issuer, lines: [line('Cena para dos', '820.00', '90101501')], reference: 'mesa-12' })
    })
    await part('invoices', async () => {
      const invoice = async (name: string, body: object) => (await post(`invoice ${name}`, '/v1/invoices', { issuer, country: 'MX', currency: 'MXN', customer: buyer, ...body })).id
      await invoice('hospedaje', { lines: [line('Hospedaje, dos noches', '2000.00')], payment: { method: 'PUE', form: '04' } })
      await invoice('evento', { lines: [line('Renta de salón', '8500.00'), line('Servicio de banquete', '12400.00', '90101603')], payment: { method: 'PPD', form: '99' } })
      await invoice('mensualidad', { lines: [line('Mensualidad del club', '430.17')], payment: { method: 'PUE', form: '03' } })
      await invoice('borrador', { draft: true, lines: [line('Hospedaje de grupo, diez habitaciones', '14800.00')], payment: { method: 'PPD', form: '99' } })
    })
  })
}

/** What somebody sends who knows the address but not the secret: refused, kept, and seen on the page of the webhooks. */
async function forged ({ client, made }: Shop): Promise<void> {
  const id = made.connections?.stripe
  if (id === undefined) return
  const { webhook_url: url } = await client.get<{ webhook_url: string }>(`/v1/connections/${id}`)
  await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', 'stripe-signature': `t=${Math.floor(Date.now() / 1000)},v1=${'0'.repeat(64)}` }, body: JSON.stringify({ id: 'evt_nobody', type: 'payment_intent.succeeded', data: { object: { id: 'pi_nobody' } } }) })
}
