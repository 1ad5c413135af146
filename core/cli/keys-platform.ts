import { type Command, text, UsageError } from './command.ts'

const longest = 80

export const keysPlatform: Command = {
  name: 'keys platform',
  group: 'Keys',
  summary: 'Make another key of the platform',
  about: ['For an operator who lost the first one. It may do everything, for every tenant. It is shown this once; revoke what you do not need with DELETE /v1/api_keys/:id.'],
  options: { label: { value: 'TEXT', help: 'by which to recognise it in lists', required: true } },
  examples: [{ line: 'keys platform --label "Deployment, spring"', what: 'prints the key' }],
  run: async call => {
    const label = text(call, 'label')?.trim() ?? ''
    if (label === '' || label.length > longest) throw new UsageError(`--label must have 1 to ${longest} characters`)
    const [{ withHub }, { operator }, { makePlatformKey }] = await Promise.all([import('./with-hub.ts'), import('./operator.ts'), import('../access/first-run.ts')])
    return await withHub(call, async hub => {
      await operator(hub) // says what to do where there is no platform yet
      const made = await makePlatformKey(hub, label)
      call.out.say(made.key)
      call.out.note(`${made.id}: it is not shown again.`)
      call.out.json(made)
      return 0
    })
  }
}
