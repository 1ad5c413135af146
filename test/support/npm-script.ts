import { execFile } from 'node:child_process'
import path from 'node:path'

/** Runs a script of package.json; what it said when it failed, and nothing when it did not. */
export async function failureOf (script: string): Promise<string> {
  return await new Promise(resolve => {
    execFile('npm', ['run', '-s', script], { cwd: path.join(import.meta.dirname, '../..'), maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      resolve(error === null ? '' : `${stdout}${stderr}`.slice(0, 4000) || error.message)
    })
  })
}
