import t from 'tap'
import { csrfTokenOf, isCsrfToken, looksLikeSessionToken, makeSessionToken } from './sessions.ts'

t.test('a CSRF token belongs to one session', async t => {
  const { token } = makeSessionToken()
  const other = makeSessionToken().token
  t.ok(looksLikeSessionToken(token))
  t.ok(isCsrfToken(token, csrfTokenOf(token)))
  t.notOk(isCsrfToken(token, csrfTokenOf(other)), 'not another’s')
  t.notOk(isCsrfToken(token, token), 'not the session itself')
  t.notOk(isCsrfToken(token, undefined), 'not none')
  t.notOk(isCsrfToken(token, ''), 'not an empty one')
  t.notMatch(csrfTokenOf(token), token, 'and it does not give the session away')
})
