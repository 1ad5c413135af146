import t from 'tap'
import { httpApp } from '../test/support/http-app.ts'
import { cardNumbers } from './card-numbers.ts'

t.test('a card number in body or query is refused and named, and neither answered nor logged', async t => {
  const lines: string[] = []
  const app = await httpApp(t, { destination: { write: line => { lines.push(line) } } })
  await app.register(cardNumbers)
  for (const url of ['/v1/payments', '/hooks/:token']) app.post(url, async () => ({ ok: true }))
  const post = async (payload: object, url = '/v1/payments') => await app.inject({ method: 'POST', url, payload })

  const answer = await post({ metadata: { note: ['4242 4242 4242 4242'] } })
  t.match([answer.statusCode, answer.json()], [400, { code: 'card_number_refused', errors: [{ path: 'metadata.note[0]', message: /token/ }] }])
  t.equal((await post({}, '/v1/payments?card=4242424242424242')).statusCode, 400)
  t.notMatch(answer.body + lines.join(''), /4242/)
  t.equal((await post({ clabe: '646180157000000004', method: { token: 'tok_4242424242424242' } })).statusCode, 200)
  t.equal((await post({ last: '4242424242424242' }, '/hooks/t?id=4242424242424242')).statusCode, 200, 'a webhook is stored as it came')
})
