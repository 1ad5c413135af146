import t from 'tap'
import { testApp } from '../../test/support/app.ts'
import { dump, leaks } from '../../test/support/leaks.ts'
import { clabeDigit } from './clabe.ts'

const clabeOf = (bank: string, account: string) => `${bank}180${account}${clabeDigit(`${bank}180${account}`)}`
const bbva = { currency: 'MXN', clabe: clabeOf('012', '01234567891'), beneficiary: 'Tienda SA de CV' }

t.test('bank accounts over HTTP', async t => {
  const app = await testApp(t)
  const shop = await app.tenant({ connect: false })
  const { client } = shop
  const make = async (body: object, headers = {}) => await client('POST', '/v1/bank_accounts', { body, headers })
  const primaries = async () => (await client('GET', '/v1/bank_accounts')).body.data.filter(({ primary }: { primary: boolean }) => primary).map(({ currency, bank }: { currency: string, bank: string }) => `${currency} ${bank}`).sort()

  t.test('a CLABE tells its bank, its country and its clock', async t => {
    const first = await client('POST', '/v1/bank_accounts', { body: { ...bbva, clabe: bbva.clabe.replace(/(...)(...)/, '$1 $2-') }, idempotencyKey: 'account' })
    t.match(first, { status: 201, body: { id: /^ban_/, object: 'bank_account', mode: 'test', kind: 'business', label: 'BBVA MEXICO', bank: 'BBVA MEXICO', bank_code: '012', country: 'MX', time_zone: 'America/Mexico_City', currency: 'MXN', clabe: bbva.clabe, iban: null, account_number: null, primary: true } })
    t.same((await client('POST', '/v1/bank_accounts', { body: { ...bbva, clabe: bbva.clabe.replace(/(...)(...)/, '$1 $2-') }, idempotencyKey: 'account' })).body, first.body)
    t.same((await client('GET', `/v1/bank_accounts/${first.body.id}`)).body, first.body)
    t.match(await make(bbva), { status: 409, body: { code: 'already_exists', errors: [{ path: 'clabe' }] } })
    t.match((await client('GET', '/v1/bank_accounts?currency=MXN')).body.data, [{ id: first.body.id, clabe: `••••${bbva.clabe.slice(-4)}` }], 'in a list the last four digits')
    t.same(leaks(bbva.clabe, await dump(app.database.superUrl)), [], 'in the database it is sealed')
    t.match(await client('PATCH', `/v1/bank_accounts/${first.body.id}`, { body: { label: 'Principal', kind: 'checking', time_zone: 'America/Tijuana', beneficiary: 'Otra SA' } }), { status: 200, body: { label: 'Principal', kind: 'checking', time_zone: 'America/Tijuana', beneficiary: 'Otra SA', clabe: bbva.clabe } })
    t.same((await client('GET', `/v1/audit_log?subject=${first.body.id}`)).body.data.map(({ action }: { action: string }) => action), ['bank_account.changed', 'bank_account.created'])
  })

  t.test('an IBAN, and a number of a country that has neither', async t => {
    t.match(await make({ currency: 'EUR', iban: 'es91 2100 0418 4502 0005 1332', bic: 'caixesbb', bank: 'CaixaBank', beneficiary: 'Tienda SL', kind: 'savings' }), { status: 201, body: { iban: 'ES9121000418450200051332', bic: 'CAIXESBB', country: 'ES', time_zone: 'Europe/Madrid', bank_code: null, kind: 'savings', primary: true } })
    t.match(await make({ currency: 'COP', account_number: '031-234567-89', bank: 'Bancolombia', beneficiary: 'Tienda SAS', country: 'CO' }), { status: 201, body: { account_number: '03123456789', time_zone: 'America/Bogota' } })
    t.match(await make({ currency: 'USD', clabe: clabeOf('072', '00012345678'), account_number: '0012345678', beneficiary: 'Tienda' }), { status: 201, body: { currency: 'USD', bank: 'BANORTE', account_number: '0012345678' } })
  })

  t.test('what is wrong is named, field by field, in the caller’s language', async t => {
    const cases: [object, string[]][] = [
      [{ ...bbva, clabe: '012345678901234567' }, ['clabe']],
      [{ ...bbva, clabe: '0123' }, ['clabe']],
      [{ ...bbva, clabe: clabeOf('032', '00000000001') }, ['clabe']],
      [{ ...bbva, clabe: clabeOf('032', '00000000001'), accept_unknown_bank: true }, ['bank']],
      [{ ...bbva, clabe: undefined }, ['clabe', 'country', 'bank']],
      [{ ...bbva, currency: 'EUR' }, ['currency']],
      [{ ...bbva, currency: 'XYZ', country: 'ES' }, ['currency', 'currency', 'country']],
      [{ ...bbva, iban: 'ES9121000418450200051332' }, ['iban']],
      [{ currency: 'EUR', iban: 'ES9121000418450200051333', beneficiary: 'x' }, ['iban', 'bank']],
      [{ currency: 'EUR', iban: 'ES912100041845020005133', bank: 'x', beneficiary: 'x' }, ['iban']],
      [{ currency: 'MXN', iban: 'MX9121000418450200051333', bank: 'x', beneficiary: 'x' }, ['iban']],
      [{ ...bbva, beneficiary: '  ', time_zone: 'Mars/Olympus' }, ['beneficiary', 'time_zone']],
      [{ ...bbva, bic: 'XX' }, ['bic']],
      [{ ...bbva, surprise: 1 }, ['surprise']]
    ]
    for (const [body, paths] of cases) {
      const { status, body: answer } = await make(body, { 'accept-language': 'es' })
      t.equal(status, 400, JSON.stringify(answer))
      t.same(answer.errors.map(({ path }: { path: string }) => path), paths, JSON.stringify(body))
    }
    t.match((await make({ ...bbva, clabe: `${bbva.clabe.slice(0, 17)}${(Number(bbva.clabe[17]) + 1) % 10}` }, { 'accept-language': 'es' })).body.errors, [{ message: /el dígito de control no corresponde: \d en vez de \d/ }])
    t.match(await make({ ...bbva, clabe: clabeOf('032', '00000000001'), bank: 'IXE', accept_unknown_bank: true, currency: 'USD', primary: false }), { status: 201, body: { bank: 'IXE', bank_code: '032' } }, 'a bank that is newer than the table')
  })

  t.test('one primary account of a currency, whatever happens at once', async t => {
    t.same(await primaries(), ['COP Bancolombia', 'EUR CaixaBank', 'MXN BBVA MEXICO', 'USD BANORTE'])
    const others = await Promise.all(['014', '021', '002', '072'].map(async bank => (await make({ ...bbva, clabe: clabeOf(bank, '00000000007'), primary: true })).body.id as string))
    t.equal((await primaries()).filter((name: string) => name.startsWith('MXN')).length, 1)
    await Promise.all([...others, ...others].map(async id => await client('PATCH', `/v1/bank_accounts/${id}`, { body: { primary: true } })))
    t.equal((await primaries()).filter((name: string) => name.startsWith('MXN')).length, 1)
    const [primary] = (await client('GET', '/v1/bank_accounts?currency=MXN')).body.data.filter(({ primary }: { primary: boolean }) => primary)
    t.match(await client('PATCH', `/v1/bank_accounts/${primary.id}`, { body: { primary: false } }), { status: 400, body: { errors: [{ path: 'primary' }] } })
    t.match(await client('DELETE', `/v1/bank_accounts/${primary.id}`), { status: 409, body: { code: 'invalid_state', detail: /primary/ } })
    const other = others.find(id => id !== primary.id)!
    t.equal((await client('DELETE', `/v1/bank_accounts/${other}`)).status, 204)
    t.equal((await client('GET', `/v1/bank_accounts/${other}`)).status, 404)
    const [colombia] = (await client('GET', '/v1/bank_accounts?currency=COP')).body.data
    t.match(await make({ currency: 'CLP', account_number: '1234567', bank: 'x', beneficiary: 'x', country: 'CL', primary: false }), { status: 400, body: { errors: [{ path: 'primary' }] } }, 'the first is it')
    t.equal((await client('DELETE', `/v1/bank_accounts/${colombia.id}`)).status, 204, 'the last one of its currency goes')
    t.match(await make({ currency: 'COP', account_number: '03123456789', bank: 'Bancolombia', beneficiary: 'x', country: 'CO' }), { status: 201, body: { primary: true } }, 'and comes back')
  })

  t.test('another tenant, the other mode, and who may only read', async t => {
    const [{ id }] = (await client('GET', '/v1/bank_accounts')).body.data
    const stranger = await app.tenant({ connect: false })
    for (const key of [stranger.testKey, await shop.key({ mode: 'live' })]) {
      for (const [method, body] of [['GET'], ['PATCH', { label: 'Mine' }], ['DELETE']] as const) t.equal((await app.ask(method, `/v1/bank_accounts/${id}`, { key, ...(body !== undefined && { body }) })).status, 404, method)
      t.same((await app.ask('GET', '/v1/bank_accounts', { key })).body.data, [])
    }
    t.match(await app.ask('POST', '/v1/bank_accounts', { key: stranger.testKey, body: bbva }), { status: 201 }, 'who has the same account is told nothing of the other')
    const reader = await shop.key({ scopes: ['connections:read'] })
    t.equal((await app.ask('GET', `/v1/bank_accounts/${id}`, { key: reader })).status, 200)
    t.equal((await app.ask('DELETE', `/v1/bank_accounts/${id}`, { key: reader })).status, 403)
  })
})
