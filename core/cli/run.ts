import { parseArgs } from 'node:util'
import { nearest } from '../config-nearest.ts'
import { type Call, type Command, type Output, UsageError } from './command.ts'
import { commands as all } from './commands.ts'
import { explain } from './explain.ts'
import { helpOf, membersOf, overview } from './help.ts'
import { version } from '../version.ts'

export interface CliOptions {
  env: Call['env']
  stdout: (text: string) => void
  stderr: (text: string) => void
  commands?: readonly Command[]
}

/** Runs what was typed after `pasarela`. Answers the exit code: 0 all good, 1 something is not, 2 wrong use; undefined when the process goes on. */
export async function runCli (argv: readonly string[], { env, stdout, stderr, commands = all }: CliOptions): Promise<number | undefined> {
  const wrong = (message: string, help: string): number => {
    stderr(`${message}\n\n${help}\n`)
    return 2
  }
  if (argv[0] === '--version') {
    stdout(argv.includes('--json') ? `${JSON.stringify({ version })}\n` : `${version}\n`)
    return 0
  }
  const asksHelp = argv[0] === 'help' || argv.includes('--help') || argv.includes('-h')
  const typed = argv.filter(word => word !== '--help' && word !== '-h' && word !== '--json')
  if (typed[0] === 'help') typed.shift()
  const firstOption = typed.findIndex(word => word.startsWith('-'))
  const words = firstOption === -1 ? typed : typed.slice(0, firstOption)

  if (words.length === 0) {
    if (firstOption !== -1) return wrong(`${typed[0]} stands before any command.`, overview(commands))
    stdout(`${overview(commands)}\n`)
    return 0
  }
  const command = commands.find(({ name }) => name === words.slice(0, name.split(' ').length).join(' '))
  if (command === undefined) {
    const members = membersOf(commands, words[0]!)
    if (members.length > 0 && words.length === 1 && asksHelp) {
      stdout(`${members.map(helpOf).join('\n\n\n')}\n`)
      return 0
    }
    if (members.length > 0) return wrong(`${words.length === 1 ? `${words[0]} is not complete` : `There is no command ${words.slice(0, 2).join(' ')}`}.`, overviewOf(members))
    const meant = nearest(words.slice(0, 2).join(' '), commands.map(({ name }) => ({ name, text: name })))
    return wrong(`There is no command ${words.slice(0, 2).join(' ')}. Did you mean \`pasarela ${meant}\`?`, 'pasarela help   lists them all')
  }
  if (asksHelp) {
    stdout(`${helpOf(command)}\n`)
    return 0
  }

  const json = argv.includes('--json')
  const out: Output = {
    say: line => { if (!json) stdout(`${line}\n`) },
    write: document => { if (!json) stdout(document) },
    json: object => { if (json) stdout(`${JSON.stringify(object)}\n`) },
    note: line => { stderr(`${line}\n`) }
  }
  try {
    return await command.run({ env, json, out, ...parsed(command, argv) })
  } catch (error) {
    if (error instanceof UsageError) return wrong(error.message, `pasarela help ${command.name}   says what it takes`)
    stderr(`${explain(error)}\n`)
    return 1
  }
}

function parsed ({ name, options = {}, args }: Command, argv: readonly string[]): Pick<Call, 'values' | 'args'> {
  const known = Object.fromEntries(Object.entries(options).map(([option, { value }]) => [option, { type: value === undefined ? 'boolean' as const : 'string' as const }]))
  let found: { values: Record<string, unknown>, positionals: string[] }
  try {
    found = parseArgs({ args: [...argv], options: { ...known, json: { type: 'boolean' } }, allowPositionals: true, strict: true })
  } catch (error) {
    // Node's sentence names the option and what is wrong with it; the rest of it is about "--".
    throw new UsageError((error as Error).message.split('. ')[0])
  }
  const positionals = found.positionals.slice(name.split(' ').length)
  const { min, max } = args ?? { min: 0, max: 0 }
  if (positionals.length > max) throw new UsageError(max === 0 ? `${positionals[0]} is one word too many` : `at most ${max} ${args!.name}`)
  if (positionals.length < min) throw new UsageError(`${args!.name} is missing`)
  for (const [option, { required }] of Object.entries(options)) {
    if (required === true && found.values[option] === undefined) throw new UsageError(`--${option} is missing`)
  }
  return { values: found.values as Call['values'], args: positionals }
}

function overviewOf (members: readonly Command[]): string {
  return members.map(({ name, summary }) => `  pasarela ${name}   ${summary}`).join('\n')
}
