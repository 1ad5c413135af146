import fc from 'fast-check'
import t from 'tap'
import { maskSecret } from './mask-secret.ts'

const cases: Array<[string, string]> = [
  ['sk_test_abcdef1234', 'sk_test_…1234'],
  ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'whsec_…LaSw'],
  ['APP_USR_1234567890abcdef', 'APP_USR_…cdef'],
  ['0123456789abcdef', '…cdef'],
  ['sk_test_short', '…'],
  ['hunter2', '…'],
  ['', '…'],
  ['mi_clave_secreta_larga', '…'],
  ['correct_horse_battery', '…'],
  ['one_two_three_abcdefghij1234', '…1234'],
  ['AbC0_dEf_ghijklmnopqrs', '…pqrs'],
  ['-----BEGIN PRIVATE KEY-----\nMII…\n', '…']
]
for (const [secret, shown] of cases) {
  t.equal(maskSecret(secret), shown, secret.slice(0, 12))
}

t.test('whatever the secret, enough of it stays hidden', async () => {
  fc.assert(fc.property(fc.string({ maxLength: 60 }), secret => {
    const shown = maskSecret(secret)
    if (shown === '…') return true
    return shown.length - 1 <= secret.length - 6
  }))
})
