import { runCli } from './cli/run.ts'

// Whoever reads may stop reading (`| head`): the command goes on to its end all the same.
process.stdout.on('error', (error: NodeJS.ErrnoException) => { if (error.code !== 'EPIPE') throw error })

/** `pasarela …`: `npm run -s pasarela -- …` in a checkout. */
const code = await runCli(process.argv.slice(2), {
  env: process.env,
  stdout: text => { process.stdout.write(text) },
  stderr: text => { process.stderr.write(text) }
})
if (code !== undefined) process.exitCode = code
