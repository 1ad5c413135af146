import fc from 'fast-check'
import t from 'tap'
import { cardNumbersIn, passesLuhn } from './card-digits.ts'
import { findCardNumber } from './pan.ts'

/** Published by Stripe, Conekta, MercadoPago, PayU, Wompi and Kushki for their sandboxes. */
const testCards = [
  '4242424242424242', '4000056655665556', '5555555555554444', '2223003122003222', '5200828282828210', '5105105105105100',
  '378282246310005', '371449635398431', '6011111111111117', '6011000990139424', '3056930009020004', '36227206271667',
  '6555900000604105', '3566002020360505', '6200000000000005', '6205500000000000004', '4000000000000002', '4000000000009995',
  '5474925432670366', '4509953566233704', '4075595716483764', '5031755734530604', '4111111111111111', '6062826786276634', '4222222222222'
]

t.test('every published test card is found', async t => {
  for (const card of testCards) {
    t.equal(findCardNumber({ note: card }), 'note', card)
    t.equal(findCardNumber({ note: `pay with ${card}, exp 12/30` }), 'note', `${card} in a sentence`)
    t.equal(findCardNumber({ note: card.replace(/(.{4})(?=.)/g, '$1 ') }), 'note', `${card} with spaces`)
    t.equal(findCardNumber({ note: card.replace(/(.{4})(?=.)/g, '$1-') }), 'note', `${card} with dashes`)
    t.equal(findCardNumber({ note: card.replace(/(.{4})(?=.)/g, '$1\u00a0') }), 'note', `${card} with hard spaces`)
    if (card.length < 17) t.equal(findCardNumber({ note: Number(card) }), 'note', `${card} as a number`)
  }
})

t.test('a card is found wherever it stands', async t => {
  const card = '4242424242424242'
  t.equal(findCardNumber({ lines: [{ x: 1 }, { metadata: { deep: ['', card] } }] }), 'lines[1].metadata.deep[1]')
  t.equal(findCardNumber(card), '')
  t.equal(findCardNumber([card]), '[0]')
  t.equal(findCardNumber({ metadata: { [card]: true } }), 'metadata.[key]', 'in a key, which is not repeated')
  t.equal(findCardNumber({ raw: `%B${card}^DOE/JANE^3012101` }), 'raw', 'track 1')
  t.equal(findCardNumber({ raw: `;${card}=301210100000` }), 'raw', 'track 2')
  t.equal(findCardNumber({ raw: '4242 4242 4242 4242 12 30 123' }), 'raw', 'with its expiry and code after it')
  t.equal(findCardNumber({ raw: `{"number":"${card}"}` }), 'raw', 'JSON within JSON')
})

t.test('a card split at any places by one or two separators is found', async () => {
  fc.assert(fc.property(fc.constantFrom(...testCards), fc.array(fc.constantFrom('', '', ' ', '-', '.', ' -'), { minLength: 18, maxLength: 18 }), (card, between) => {
    return findCardNumber({ note: [...card].map((digit, at) => at === 0 ? digit : `${between[at - 1] ?? ''}${digit}`).join('') }) === 'note'
  }))
})

t.test('numbers of a declared format are never refused', async () => {
  const digits = (length: number) => fc.array(fc.integer({ min: 0, max: 9 }), { minLength: length, maxLength: length }).map(list => list.join(''))
  const withLuhn = (length: number) => digits(length - 1).map(body => [...'0123456789'].map(check => body + check).find(passesLuhn) ?? body)
  fc.assert(fc.property(withLuhn(18), clabe => findCardNumber({ clabe }) === undefined), { numRuns: 2000 })
  fc.assert(fc.property(withLuhn(16), reference => findCardNumber({ reference, barcode: reference, tracking_key: Number(reference) }) === undefined), { numRuns: 2000 })
  fc.assert(fc.property(withLuhn(13), ean => findCardNumber({ barcode: ean, tax_id: ean, ruc: ean }) === undefined), { numRuns: 2000 })
  fc.assert(fc.property(withLuhn(49), clave => findCardNumber({ clave_acceso: clave, note: clave }) === undefined), { numRuns: 500 })
})

t.test('what only looks like a card is not refused in a free field', async t => {
  fc.assert(fc.property(fc.integer({ min: 1_500_000_000_000, max: 1_999_999_999_999 }), ms => findCardNumber({ note: ms, text: String(ms) }) === undefined))
  fc.assert(fc.property(fc.uuid(), id => findCardNumber({ note: id, id: `pay_${id.replaceAll('-', '')}` }) === undefined))
  // 16 digits in two groups, or four groups of four: a card's, but for the rest of the UUID around them.
  for (const id of ['0af7651c-ab12-4cde-8242-424242424242', 'af000000-4242-4242-8424-242424242424', '4242abcd-4000-4000-8000-000000000002']) t.equal(findCardNumber({ note: `order ${id}` }), undefined, id)
  t.equal(findCardNumber({ note: 'c6c7c8c9-4242 4242 4242 4242' }), 'note', 'what only begins like one is none')
  t.equal(findCardNumber({ note: '0af7651c-ab12-4cde-8242-a24242424242 4242 4242 4242 4242' }), 'note', 'beside one')
  t.equal(findCardNumber({ note: '4242424242424241' }), undefined, 'fails Luhn')
  t.equal(findCardNumber({ note: 'tok_4242424242424242' }), undefined, 'part of a token')
  t.equal(findCardNumber({ at: '2026-11-21T05:06:07.123Z', amount: 424242, phone: '+52 55 1234 5678' }), undefined)
})

t.test('a field is exempt only while its value has the format that its name declares', async t => {
  t.equal(findCardNumber({ clabe: '4242424242424242' }), 'clabe', 'a CLABE has 18 digits')
  t.equal(findCardNumber({ reference: '4242 4242 4242 4242' }), 'reference', 'a reference is not printed like a card')
  t.equal(findCardNumber({ reference: '4242424242424242' }), undefined)
})

t.test('a schema can declare a numeric field of any other name', async t => {
  const schema = {
    properties: {
      till: { type: 'string', format: 'barcode' },
      rows: { type: 'array', items: { anyOf: [{ type: 'string' }, { properties: { code: { format: 'numeric-reference' } } }] } }
    }
  }
  const card = '4242424242424242'
  t.equal(findCardNumber({ till: card, rows: [{ code: card }] }, schema), undefined)
  t.equal(findCardNumber({ till: card, rows: [{ code: card, other: card }] }, schema), 'rows[0].other')
})

t.test('a megabyte of digits and separators comes to an end', { timeout: 25_000 }, async t => {
  for (const text of ['1 '.repeat(500_000), '1'.repeat(1_000_000), `1${' '.repeat(1_000_000)}a`]) t.same(cardNumbersIn(text), [])
  t.ok(cardNumbersIn('4242-'.repeat(200_000)).length > 0)
})

t.test('a provider’s key may have a long number inside it, a card number typed in its place is none', async t => {
  t.equal(findCardNumber({ credentials: { access_token: 'APP_USR-4242424242424242-112117-0123456789abcdef0123456789abcdef-123456789', public_key: 'TEST-4242424242424242' } }), undefined)
  t.equal(findCardNumber({ credentials: { access_token: '4242424242424242' } }), 'credentials.access_token')
  t.equal(findCardNumber({ credentials: { access_token: '4242 4242 4242 4242' } }), 'credentials.access_token')
  t.equal(findCardNumber({ credentials: { access_token: 'my card is 4242424242424242' } }), 'credentials.access_token')
  t.equal(findCardNumber({ access_token: 'APP_USR-4242424242424242-1' }), 'access_token')
})
