import type { Command } from './command.ts'

const width = 100

/** What `pasarela` alone says. */
export function overview (commands: readonly Command[]): string {
  const longest = Math.max(...commands.map(({ name }) => name.length))
  const groups = [...Map.groupBy(commands, ({ group }) => group)]
  return [
    'Pasarela: payments and electronic invoices through one API.',
    '',
    'Usage: pasarela <command> [options]',
    ...groups.flatMap(([group, members]) => ['', group, ...members.map(({ name, summary }) => `  ${name.padEnd(longest)}  ${summary}`)]),
    '',
    'pasarela help <command>   what it does, what it takes, and examples',
    '--json                    one JSON object a line on standard output, and nothing else',
    '--version                 which version this is',
    '',
    'For example:',
    '  # everything, with a database and a demo tenant of its own',
    '  pasarela serve',
    '  # files need no server, no database and no configuration',
    '  pasarela verify factura.xml',
    '  # what waits, and what failed',
    '  pasarela jobs list --due',
    '',
    'It reads the same environment variables as the server (docs/config.md). It ends with 0 when all is well, 1 when something is not, 2 when it was not typed as it should be.'
  ].flatMap(line => wrapped(line)).join('\n')
}

/** What `pasarela help <command>` says. */
export function helpOf (command: Command): string {
  const { name, summary, about, options = {}, args, examples = [] } = command
  const shown = [...Object.entries(options).map(([option, { value, help, required }]) => [`--${option}${value === undefined ? '' : ` ${value}`}`, `${help}${required === true ? ' (required)' : ''}`]), ['--json', 'one JSON object a line on standard output, and nothing else there']]
  const longest = Math.max(...shown.map(([option]) => option!.length))
  const place = args === undefined ? '' : ` ${args.min === 0 ? `[${args.name}]` : args.name}${args.max > 1 ? '…' : ''}`
  const needed = Object.entries(options).filter(([, { required }]) => required === true).map(([option, { value }]) => ` --${option} ${value}`).join('')
  return [
    `${summary}.`, '',
    `Usage: pasarela ${name}${needed}${Object.values(options).some(({ required }) => required !== true) ? ' [options]' : ''}${place}`, '',
    ...about.flatMap(paragraph => [...wrapped(paragraph), '']),
    ...shown.flatMap(([option, help]) => wrapped(`  ${option!.padEnd(longest)}  ${help}`, longest + 4)),
    ...(examples.length === 0 ? [] : ['', 'For example:', ...examples.flatMap(({ line, what }) => [`  # ${what}`, `  pasarela ${line}`])])
  ].join('\n')
}

/** The commands of `keys`, when only that was typed. */
export function membersOf (commands: readonly Command[], word: string): readonly Command[] {
  return commands.filter(({ name }) => name.startsWith(`${word} `))
}

function wrapped (text: string, indent = 0): string[] {
  const lines: string[] = []
  let line = ''
  // The first column, if there is one, keeps its white space.
  for (const word of text.split(/(?<=\S) (?=\S)/)) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = ' '.repeat(indent) + word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  return [...lines, line]
}
