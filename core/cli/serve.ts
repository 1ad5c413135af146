import type { Command } from './command.ts'

export const serve: Command = {
  name: 'serve',
  group: 'Run',
  summary: 'Run the API and the worker until told to stop',
  about: [
    'The same as `npm start`. Without DATABASE_URL it starts the PostgreSQL that is bundled, in PASARELA_DATA_DIR; without any DATABASE_… it also makes a demo tenant that is connected to simulators (PASARELA_DEMO=false: it does not).',
    'PASARELA_ROLES=api or PASARELA_ROLES=worker runs only a part. The first credentials are in first-run.json in PASARELA_DATA_DIR.'
  ],
  examples: [{ line: 'serve', what: 'everything in one process' }],
  run: async () => {
    await import('../server.ts')
    return undefined
  }
}
