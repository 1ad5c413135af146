import type { Command } from './command.ts'

export const worker: Command = {
  name: 'worker',
  group: 'Run',
  summary: 'Run background work only, beside other processes',
  about: ['The same as `npm run worker`: webhooks, unknown outcomes, sweeps. Several may run on one database; none of them needs to be there for the API to answer.'],
  examples: [{ line: 'worker', what: 'with the DATABASE_… and PASARELA_MASTER_KEYS of the other processes' }],
  run: async () => {
    await import('../worker.ts')
    return undefined
  }
}
