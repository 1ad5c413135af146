import t from 'tap'
import { courses, fiscalShop } from '../../test/support/fiscal-shop.ts'
import { country } from '../../test/support/mexico.ts'
import { createConnection } from '../connections/service.ts'
import { changeIssuer } from '../issuers/service.ts'
import { decideRouting } from '../routing-rules/decide.ts'
import type { NewRule } from '../routing-rules/schema.ts'
import { putRouting } from '../routing-rules/service.ts'
import { createSeries } from '../series/service.ts'
import type { NewInvoice } from './schema.ts'
import * as service from './service.ts'

t.setTimeout(120_000)

t.test('which PAC stamps: the caller’s, a rule’s, the issuer’s own, the oldest', async t => {
  const here = await country(t)
  const { hub, work, finkok } = here
  const shop = await fiscalShop(here)
  const { access, issuer, pac: oldest } = shop
  await createSeries(hub, access, { issuer, document: 'invoice', prefix: 'B' }, null)
  const pac = async () => (await createConnection(hub, access, { provider: 'finkok', mode: 'test', credentials: finkok.credentials('test') }, null)).id
  const [second, third] = [await pac(), await pac()]
  const stripe = await shop.connect()
  const put = async (...rules: NewRule[]) => await putRouting(hub, access, { rules }, undefined)
  const issued = async (changes: Partial<NewInvoice> = {}) => {
    const made = await service.createInvoice(hub, access, courses({ series: 'A', ...changes }), null)
    await work()
    return await service.getInvoice(hub, access, made.id)
  }
  const decide = async (question: object) => await decideRouting(hub, access, { family: 'invoicing', country: 'MX', currency: 'MXN', issuer, ...question })

  t.match(await issued(), { status: 'issued', connection: oldest })
  t.match(await decide({}), { family: 'invoicing', connection: oldest, rule: null })
  t.match(await issued({ connection: third }), { status: 'issued', connection: third }, 'named')

  await changeIssuer(hub, access, issuer, { connection: second })
  t.match(await issued(), { status: 'issued', connection: second }, 'the issuer’s own, before the oldest')
  t.match(await decide({}), { connection: second, rule: null })
  t.match(await decide({ issuer: 'EKU9003173C9' }), { connection: second }, 'by its tax id too')

  await put({ name: 'series B', match: { family: 'invoicing', series: 'B' }, connections: [third] }, { name: 'this RFC in dollars', match: { family: 'invoicing', issuer: 'EKU9003173C9', currency: 'USD' }, connections: [oldest] }, { name: 'cards', connections: [stripe] })
  t.match(await issued({ series: 'B' }), { status: 'issued', connection: third })
  t.match(await decide({ series: 'B' }), { connection: third, rule: { name: 'series B' } })
  t.match(await issued({ currency: 'USD', exchange_rate: '18.5' }), { status: 'issued', connection: oldest })
  t.match(await decide({ currency: 'USD' }), { connection: oldest, rule: { name: 'this RFC in dollars' } }, 'asked by id, the rule says the RFC')
  t.match(await issued(), { connection: second }, 'no rule of invoices matches: a rule of payments is none')
  await put({ name: 'Mexico', match: { family: 'invoicing', country: 'MX', issuer: [issuer] }, connections: [third, oldest] })
  t.match(await issued(), { connection: third })
  t.match((await decide({})).connections, [{ connection: third }, { connection: oldest }], 'and what is tried after it')
  t.match(await decide({ country: 'ES' }), { connection: null, error: { path: 'country' } })
})

t.test('what the engine knows and the body may say', async t => {
  const here = await country(t)
  const { hub, work } = here
  const branches = [{ code: 'CUN', postal_code: '77500', tills: [{ code: '1' }] }]
  const { access, issuer } = await fiscalShop(here, { issuer: { branches } })
  await createSeries(hub, access, { issuer, document: 'invoice', prefix: 'CUN', branch: 'CUN' }, null)
  await createSeries(hub, access, { issuer, document: 'invoice', prefix: 'CUN1', branch: 'CUN', till: '1' }, null)
  const xmlOf = async (changes: Partial<NewInvoice>) => {
    const made = await service.createInvoice(hub, access, courses(changes), null)
    await work()
    return String((await service.invoiceXml(hub, access, made.id)).bytes)
  }
  const [line] = courses().lines
  const rich = await xmlOf({
    lines: [{ ...line!, mx: { ...line!.mx!, customs: ['15 48 3009 0001234'], property: ['0123456789'], third_party: { tax_id: 'CACX7605101P8', name: 'XOCHILT CASAS CHAVEZ', regime: '612', postal_code: '36257' } } }],
    local_taxes: [{ name: 'ISH', rate: '0.03' }],
    mx: { rounding: 'six' }
  })
  t.match(rich, /NumeroPedimento="15 {2}48 {2}3009 {2}0001234"/)
  t.match(rich, /CuentaPredial Numero="0123456789"/)
  t.match(rich, /RfcACuentaTerceros="CACX7605101P8"/)
  t.match(rich, /ImpLocTrasladado="ISH" TasadeTraslado="3\.00" Importe="60\.00"/)
  t.match(await xmlOf({ branch: 'CUN' }), /Serie="CUN" [^>]*LugarExpedicion="77500"/)
  t.match(await xmlOf({ branch: 'CUN', till: '1' }), /Serie="CUN1" /)
  t.match(await xmlOf({}), /Serie="A" [^>]*LugarExpedicion="42501"/)
  const hour = (xml: string) => Number(/Fecha="[^T]*T(\d\d)/.exec(xml)![1])
  t.equal((hour(await xmlOf({})) - hour(await xmlOf({ mx: { zone: 'America/Tijuana' } })) + 24) % 24 > 0, true, 'the zone of the body')
})
