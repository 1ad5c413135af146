import { runCli } from './cli/run.ts'

/** `pasarela …`: `npm run -s pasarela -- …` in a checkout. */
const code = await runCli(process.argv.slice(2), {
  env: process.env,
  stdout: text => { process.stdout.write(text) },
  stderr: text => { process.stderr.write(text) }
})
if (code !== undefined) process.exitCode = code
