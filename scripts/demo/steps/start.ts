import { statSync } from 'node:fs'
import { ask } from '../api.ts'
import { expect, expectStatus } from '../expect.ts'
import type { Step } from '../story.ts'

export const start: Step[] = [
  {
    name: 'From an empty folder: database, migrations, API, worker, a demo tenant',
    async run (story) {
      const from = performance.now()
      const firstRun = story.keep('firstRun', await story.instance.start())
      for (const path of ['/health', '/ready']) expectStatus(path, await ask(firstRun.url + path), 200)
      return [`${firstRun.url}, up in ${((performance.now() - from) / 1000).toFixed(1)} s`]
    }
  },
  {
    name: 'The first credentials are in first-run.json, for its owner only',
    async run (story) {
      const { firstRunFile } = story.instance
      expect('mode of first-run.json', (statSync(firstRunFile).mode & 0o777).toString(8), '600')
      expect('first-run.json', story.get('firstRun'), { url: /^http:/, platform_key: /^pas_/, tenant_id: /^ten_/, api_key_test: /^pas_test_/, user: /@/, password: /./, connections: { stripe: /^con_/ } })
      return [`${firstRunFile} (mode 600)`]
    }
  },
  {
    name: 'The platform lists what can be connected, with the form that each provider needs',
    async run (story) {
      const { body, ...answer } = await story.platform().get('/v1/providers')
      expectStatus('the list of providers', { ...answer, body }, 200)
      const stripe = body.data.find(({ id }: { id: string }) => id === 'stripe')
      expect('the manifest of Stripe', stripe, { families: ['payments'], webhook_by_api: true, credentials: { properties: { secret_key: { secret: true } } } })
      return body.data.map(({ name, capabilities }: { name: string, capabilities: string[] }) => `${name}: ${capabilities.join(', ')}`)
    }
  }
]
