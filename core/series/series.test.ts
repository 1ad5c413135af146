import fc from 'fast-check'
import t, { type Test } from 'tap'
import { testHub, type TestHub, type TestTenant } from '../../test/support/hub.ts'
import { inTenant } from '../db/in-tenant.ts'
import type { HubError } from '../errors.ts'
import { uuidOf } from '../ids.ts'
import { changeIssuer, createIssuer } from '../issuers/service.ts'
import { changeSeries, createSeries, getSeries, listSeries, seriesFor, takeNumber } from './service.ts'

const mexico = { country: 'MX', tax_id: 'EKU9003173C9', legal_name: 'ESCUELA', regime: '601', postal_code: '26015' } as const
const branches = [{ code: 'CENTRO', tills: [{ code: 'C1' }, { code: 'C2' }] }, { code: 'NORTE', tills: [{ code: 'C1' }] }]

async function world (t: Test): Promise<TestHub & { shop: TestTenant, issuer: string, add: (body: object) => Promise<string> }> {
  const made = await testHub(t)
  const shop = await made.tenant()
  const { id: issuer } = await createIssuer(made.hub, shop.access, { ...mexico, branches }, null)
  return { ...made, shop, issuer, add: async body => (await createSeries(made.hub, shop.access, { issuer, document: 'invoice', ...body } as never, null)).id }
}

const failure = async (work: Promise<unknown>): Promise<[string, string] | undefined> => await work.then(() => undefined, (error: HubError) => [error.code, error.errors?.map(({ path }) => path).join() ?? error.detail.en])

t.test('a hundred take at once, and some give back: no gap and no repetition', async t => {
  const { hub, shop, add } = await world(t)
  const id = uuidOf('series', await add({ prefix: 'A' }))
  const undo = new Error('undo')
  const inOrder: { index: number, number: number }[] = []
  const taken: number[] = []
  let rolledBack = 0
  await Promise.all(Array.from({ length: 100 }, async (_, index) => {
    await inTenant(hub.db, shop.tenantId, async db => {
      const { series, number } = await takeNumber(db, id)
      t.equal(series, 'A')
      // The series is locked from here until the transaction ends: this is the order in which they end.
      inOrder.push({ index, number: Number(number) })
      // What a document's row does in between.
      await db.selectFrom('issuers').select('id').execute()
      if (index % 3 === 0) throw undo
      return Number(number)
    }).then(number => { taken.push(number) }, (error: unknown) => {
      if (error !== undo) throw error
      rolledBack++
    })
  }))
  t.equal(rolledBack, 34)
  t.same(taken.toSorted((a, b) => a - b), Array.from({ length: 66 }, (_, index) => index + 1))
  t.same(inOrder.filter(({ index }) => index % 3 !== 0).map(({ number }) => number), Array.from({ length: 66 }, (_, index) => index + 1), 'in the order of the commits')
  t.equal((await getSeries(hub, shop.access, (await listSeries(hub, shop.access, {})).data[0]!.id)).next_number, 67)
})

t.test('whatever is committed and undone, the numbers follow each other', async t => {
  const { hub, shop, add } = await world(t)
  let count = 0
  await fc.assert(fc.asyncProperty(fc.array(fc.boolean(), { minLength: 1, maxLength: 25 }), fc.nat(10_000), async (commits, before) => {
    const id = uuidOf('series', await add({ prefix: `P${++count}`, next_number: before + 1 }))
    const taken: number[] = []
    await Promise.all(commits.map(async commit => {
      await inTenant(hub.db, shop.tenantId, async db => {
        const { number } = await takeNumber(db, id)
        if (!commit) throw new Error('undo')
        taken.push(Number(number))
      }).catch(() => {})
    }))
    const expected = Array.from({ length: commits.filter(Boolean).length }, (_, index) => before + 1 + index)
    return JSON.stringify(taken.toSorted((a, b) => a - b)) === JSON.stringify(expected)
  }), { numRuns: 20 })
  t.pass('20 histories')
})

t.test('how a number is written', async t => {
  const { hub, shop, add } = await world(t)
  const take = async (id: string) => await inTenant(hub.db, shop.tenantId, async db => await takeNumber(db, uuidOf('series', id)))
  const padded = await add({ prefix: 'FAC', digits: 4, next_number: 98 })
  t.same([await take(padded), await take(padded)], [{ series: 'FAC', number: '0098' }, { series: 'FAC', number: '0099' }])
  t.match(await getSeries(hub, shop.access, padded), { next: 'FAC-0100', next_number: 100 })
  const bare = await add({})
  t.same(await take(bare), { series: '', number: '1' })
  t.match(await getSeries(hub, shop.access, bare), { prefix: '', next: '2' })
  await changeSeries(hub, shop.access, padded, { digits: 2, next_number: 12345 })
  t.same(await take(padded), { series: 'FAC', number: '12345' }, 'more digits than were asked for stay')
})

t.test('two series never give out the same number', async t => {
  const { hub, shop, issuer, add } = await world(t)
  await add({ prefix: 'A' })
  t.same(await failure(add({ prefix: 'A', document: 'credit_note' })), ['already_exists', 'prefix'], 'not even for another kind of document')
  await add({})
  t.same(await failure(add({ document: 'payment_receipt' })), ['already_exists', 'prefix'])
  const second = await createIssuer(hub, shop.access, { ...mexico, tax_id: 'JES900109Q90' }, null)
  t.ok(await add({ prefix: 'A', issuer: second.id }), 'another issuer’s are its own')
  const id = (await listSeries(hub, shop.access, { issuer, active: true })).data.find(({ prefix }) => prefix === 'A')!.id
  await inTenant(hub.db, shop.tenantId, async db => { await takeNumber(db, uuidOf('series', id)) })
  t.same(await failure(changeSeries(hub, shop.access, id, { next_number: 1 })), ['request_invalid', 'next_number'], 'nor goes one back')
  t.match(await changeSeries(hub, shop.access, id, { next_number: 50 }), { next_number: 50 })
})

t.test('a series that is off, used up, or not there says so', async t => {
  const { hub, shop, add, database } = await world(t)
  const id = await add({ prefix: 'A', active: false })
  const uuid = uuidOf('series', id)
  const take = async () => await failure(inTenant(hub.db, shop.tenantId, async db => await takeNumber(db, uuid)))
  t.same(await take(), ['series_missing', 'The series A is not active: activate it, or use another.'])
  await changeSeries(hub, shop.access, id, { active: true })
  await database.owner.updateTable('series').set({ last_number: 1 }).execute()
  t.equal(await take(), undefined)
  t.same(await take(), ['series_missing', 'The series A has reached its last number: make another.'])
  t.match(await failure(inTenant(hub.db, shop.tenantId, async db => await takeNumber(db, '0198aaaa-0000-7000-8000-00000000000a'))), ['not_found'])
  const stranger = await (await testHub(t)).tenant()
  t.match(await failure(inTenant(hub.db, stranger.tenantId, async db => await takeNumber(db, uuid))), ['not_found'])
})

t.test('the nearest active series is chosen: of the till, the branch, the issuer, and the default among equals', async t => {
  const { hub, shop, issuer, add } = await world(t)
  const issuerId = uuidOf('issuer', issuer)
  const choose = async (more: object = {}) => await inTenant(hub.db, shop.tenantId, async db => (await seriesFor(db, { issuerId, kind: 'invoice', ...more })).id)
  const names = new Map<string, string>()
  const made = async (name: string, body: object = {}) => {
    const id = await add({ prefix: name, ...body })
    names.set(uuidOf('series', id), name)
    return id
  }
  const chosen = async (more: object = {}) => names.get(await choose(more))
  t.same(await failure(choose()), ['series_missing', 'The issuer has no active series for invoice. Make one with POST /v1/series, or activate the one that is there.'])

  const till = await made('TILL', { branch: 'CENTRO', till: 'C1' })
  t.equal(await chosen(), 'TILL', 'the only one there is')
  const norte = await made('NORTE', { branch: 'NORTE' })
  t.match(await failure(choose()), ['series_missing', /are those of branches: say of which/])
  t.equal(await chosen({ branch: 'NORTE', till: 'C1' }), 'NORTE')
  t.match(await failure(choose({ branch: 'SUR' })), ['series_missing', /at SUR/])
  const main = await made('MAIN')
  const extra = await made('EXTRA')
  t.same([await chosen(), await chosen({ branch: 'SUR' }), await chosen({ branch: 'CENTRO' }), await chosen({ branch: 'CENTRO', till: 'C1' }), await chosen({ branch: 'CENTRO', till: 'C2' })], ['MAIN', 'MAIN', 'MAIN', 'TILL', 'MAIN'])
  await changeIssuer(hub, shop.access, issuer, { default_series: { invoice: extra } })
  t.equal(await chosen(), 'EXTRA')
  await made('NORTE2', { branch: 'NORTE' })
  t.equal(await chosen({ branch: 'NORTE' }), 'NORTE')
  await changeIssuer(hub, shop.access, issuer, { branches: [branches[0]!, { ...branches[1]!, default_series: { invoice: [...names].find(([, name]) => name === 'NORTE2')![0].replace(/^/, 'ser_').replaceAll('-', '') } }] })
  t.equal(await chosen({ branch: 'NORTE' }), 'NORTE2')

  t.equal(await chosen({ wanted: 'MAIN' }), 'MAIN', 'by its prefix')
  t.equal(await chosen({ wanted: till }), 'TILL', 'by its id')
  t.match(await failure(choose({ wanted: 'NONE' })), ['request_invalid', 'series'])
  t.match(await failure(choose({ kind: 'credit_note', wanted: 'MAIN' })), ['request_invalid', 'series'])
  await changeSeries(hub, shop.access, main, { active: false })
  t.match(await failure(choose({ wanted: 'MAIN' })), ['series_missing', /not active/])
  await changeSeries(hub, shop.access, extra, { active: false })
  await changeSeries(hub, shop.access, norte, { active: false })
  t.equal(await chosen({ branch: 'NORTE' }), 'NORTE2')
})

t.test('Ecuador: each kind of document counts for itself at each punto de emisión', async t => {
  const { hub, shop } = await world(t)
  const { id: issuer } = await createIssuer(hub, shop.access, { country: 'EC', tax_id: '1790011674001', legal_name: 'EMPRESA', branches: [{ code: '001', tills: [{ code: '001' }, { code: '002' }] }] }, null)
  const add = async (body: object) => (await createSeries(hub, shop.access, { issuer, document: 'invoice', ...body } as never, null)).id
  const first = await add({ branch: '001', till: '001' })
  t.same(await inTenant(hub.db, shop.tenantId, async db => await takeNumber(db, uuidOf('series', first))), { series: '001-001', number: '000000001' })
  t.ok(await add({ branch: '001', till: '001', document: 'credit_note' }))
  t.ok(await add({ branch: '001', till: '002' }))
  t.same(await failure(add({ branch: '001', till: '001' })), ['already_exists', 'till'])
  for (const [body, path] of [[{}, 'branch'], [{ branch: '001' }, 'till'], [{ branch: '009', till: '001' }, 'branch'], [{ branch: '001', till: '009' }, 'till'], [{ branch: '001', till: '002', prefix: 'A', document: 'sale' }, 'prefix'], [{ branch: '001', till: '002', digits: 4, document: 'sale' }, 'digits']] as const) {
    t.same(await failure(add(body)), ['request_invalid', path], JSON.stringify(body))
  }
  t.same(await failure(changeSeries(hub, shop.access, first, { digits: 4 })), ['request_invalid', 'digits'])
})

t.test('a series is of an issuer’s branches as they are', async t => {
  const { hub, shop, issuer, add } = await world(t)
  t.same(await failure(add({ prefix: 'A', branch: 'SUR' })), ['request_invalid', 'branch'])
  t.same(await failure(add({ prefix: 'A', till: 'C1' })), ['request_invalid', 'branch'])
  t.same(await failure(add({ prefix: 'A', branch: 'NORTE', till: 'C2' })), ['request_invalid', 'till'])
  t.same(await failure(add({ prefix: 'A', issuer: 'iss_00000000000000000000000000000000' })), ['request_invalid', 'issuer'])
  const id = await add({ prefix: 'A', branch: 'CENTRO', till: 'C2' })
  t.same(await failure(changeIssuer(hub, shop.access, issuer, { branches: [{ code: 'CENTRO', tills: [{ code: 'C1' }] }] })), ['request_invalid', 'branches'], 'its till has an active series')
  await changeSeries(hub, shop.access, id, { active: false })
  t.match(await changeIssuer(hub, shop.access, issuer, { branches: [{ code: 'CENTRO' }] }), { branches: [{ code: 'CENTRO' }] })
  t.same(await failure(changeIssuer(hub, shop.access, issuer, { default_series: { credit_note: id } })), ['request_invalid', 'default_series.credit_note'], 'of another kind of document')
})
