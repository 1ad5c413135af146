import { adaptersList } from './adapters-list.ts'
import { backup } from './backup.ts'
import { cadena } from './cadena.ts'
import { certificate } from './certificate.ts'
import type { Command } from './command.ts'
import { hooksReplay } from './hooks-replay.ts'
import { incidentsExport, incidentsVerify } from './incidents.ts'
import { jobsList } from './jobs-list.ts'
import { jobsRun } from './jobs-run.ts'
import { keysPlatform } from './keys-platform.ts'
import { keysRotateMaster } from './keys-rotate-master.ts'
import { listen } from './listen.ts'
import { migrate } from './migrate.ts'
import { restore } from './restore.ts'
import { serve } from './serve.ts'
import { signCfdi } from './sign-cfdi.ts'
import { signSri } from './sign-sri.ts'
import { signFacturae } from './sign-facturae.ts'
import { tenantsCreate } from './tenants-create.ts'
import { tenantsList } from './tenants-list.ts'
import { validate } from './validate.ts'
import { verify } from './verify.ts'
import { worker } from './worker.ts'

/** Every command, in the order of the overview. */
export const commands: readonly Command[] = [
  serve,
  worker,
  migrate,
  tenantsList,
  tenantsCreate,
  keysPlatform,
  keysRotateMaster,
  hooksReplay,
  listen,
  jobsList,
  jobsRun,
  backup,
  restore,
  incidentsExport,
  incidentsVerify,
  adaptersList,
  certificate,
  signCfdi,
  signSri,
  signFacturae,
  verify,
  cadena,
  validate
]
