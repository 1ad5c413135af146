import type { Command } from './command.ts'

export const adaptersList: Command = {
  name: 'adapters list',
  group: 'Providers',
  summary: 'List what can be connected, and what each can do',
  about: ['Ours and those of the packages in PASARELA_ADAPTERS, which are held to the same contract: a package that breaks it is refused here as at the start of the server. Needs no database.'],
  examples: [{ line: 'adapters list --json', what: 'families, countries, currencies, methods and capabilities of each' }],
  run: async ({ env, out }) => {
    const [{ loadConfig }, { loadAdapters }, { capabilitiesOf }] = await Promise.all([import('../config.ts'), import('../adapters.ts'), import('../adapter/define.ts')])
    const config = loadConfig(env)
    const adapters = (await loadAdapters({ packages: config.adapters ?? [], experimental: config.experimental })).list()
    for (const adapter of adapters) {
      const { id, name, families, countries, currencies, modes, methods, experimental } = adapter.manifest
      const capabilities = capabilitiesOf(adapter)
      out.say(`${id}  ${name}${experimental ? ' (experimental)' : ''}: ${families.join(', ')} in ${countries.length} countries`)
      out.say(`  ${capabilities.join(', ')}`)
      out.json({ id, name, experimental, families, countries, currencies, modes, methods: methods.map(({ type }) => type), capabilities })
    }
    return 0
  }
}
