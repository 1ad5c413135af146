import path from 'node:path'
import { loadConfig } from '../config.ts'
import { type Command, Refused } from './command.ts'
import { withDatabase } from './database.ts'

export const migrate: Command = {
  name: 'migrate',
  group: 'Run',
  summary: 'Bring the database to what this version needs',
  about: [
    'Needs the owner of the database in DATABASE_URL, or none of the DATABASE_… for the bundled one. It makes the roles of the application and of the queues where DATABASE_APP_URL and DATABASE_QUEUE_URL are not set.',
    'Up only, and a second run changes nothing. Each migration is safe to run while the version before it is serving, so: migrate first, then replace the processes.'
  ],
  examples: [{ line: 'migrate', what: 'before the processes of a new version start' }],
  run: async ({ env, out }) => {
    const config = loadConfig(env)
    const applied = await withDatabase(config, { make: true, note: out.note }, async ({ ownerUrl, appUrl, queueUrl }) => {
      if (ownerUrl === undefined) throw new Refused('DATABASE_URL is not set: migrations need the owner of the database.')
      const { migrate } = await import('../db/migrate.ts')
      return (await migrate({ ownerUrl, appUrl, queueUrl, secretsFile: path.join(config.dataDir, 'database-roles.json'), log: out.note })).applied
    })
    for (const name of applied) out.say(name)
    out.say(applied.length === 0 ? 'Nothing to do: the database is up to date.' : `${applied.length} applied.`)
    out.json({ applied })
    return 0
  }
}
