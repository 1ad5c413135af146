import { ask } from '../api.ts'
import { expect, expectStatus } from '../expect.ts'
import type { Step } from '../story.ts'

export const support: Step[] = [
  {
    name: 'The timeline of a payment tells all that happened to it',
    async run (story) {
      const { body, ...answer } = await story.get('shop').get(`/v1/payments/${story.get('captured')}/timeline`)
      expectStatus('the timeline', { ...answer, body }, 200)
      const entries: { at: string, kind: string, what: string }[] = body.data
      for (const part of [/^attempt 1/, /^create_payment: /, /^capture: /, /^refund: /, /^payment\.authorized/, /^payment\.succeeded/, /^refund\.succeeded/]) {
        expect(`something like ${part}`, entries.some(({ what }) => part.test(what)), true)
      }
      expect('in order', entries.map(({ at }) => at), entries.map(({ at }) => at).toSorted())
      return entries.map(({ at, kind, what }) => `${at.slice(11, 23)}  ${kind.padEnd(9)} ${what}`)
    }
  },
  {
    name: 'The queues are for those who run the platform, behind a login',
    async run (story) {
      const { url, platform_user: admin, platform_password: adminPassword, user, password } = story.get('firstRun')
      const page = async (headers: Record<string, string> = {}) => await ask(`${url}/admin/queues`, { headers: { accept: 'text/html', ...headers } })
      const stranger = await page()
      expect('a stranger is sent to the login', [stranger.status, stranger.headers.get('location')], [302, '/login?next=%2Fadmin%2Fqueues'])
      expectStatus('the login page', await ask(url + stranger.headers.get('location')!, { headers: { accept: 'text/html' } }), 200, /<title>Pasarela<\/title>/)
      const cookieOf = async (email: string, secret: string) => {
        const session = await ask(`${url}/v1/sessions`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ email, password: secret }) })
        expectStatus(`${email} logs in`, session, 201)
        return { cookie: session.headers.get('set-cookie')!.split(';')[0]! }
      }
      expectStatus('the admin of a tenant', await page(await cookieOf(user!, password!)), 403)
      expectStatus('the admin of the platform', await page(await cookieOf(admin!, adminPassword!)), 200, /Pasarela queues/)
      return [`a stranger: /login; ${user}: 403; ${admin}: the board`]
    }
  },
  {
    name: 'Stopped and started again, it finds its data',
    async run (story) {
      const { code, ms } = await story.instance.stop()
      expect('SIGTERM ends it cleanly within 5 s', [code, ms < 5000], [0, true])
      const before = story.get('firstRun')
      const firstRun = story.keep('firstRun', await story.instance.start())
      const { url: _, ...credentials } = before
      expect('the credentials are the same', firstRun, credentials)
      const answer = await ask(`${firstRun.url}/v1/payments?reference=order-1`, { headers: { authorization: `Bearer ${firstRun.api_key_test}` } })
      expectStatus('the first payment is there', answer, 200, { data: [{ status: 'succeeded', amount: 19900 }] })
      return [`stopped in ${(ms / 1000).toFixed(1)} s, up again at ${firstRun.url}`]
    }
  }
]
