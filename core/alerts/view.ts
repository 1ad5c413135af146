import type { Selectable } from 'kysely'
import type { Mode } from '../adapter/context.ts'
import type { Database } from '../db/schema.ts'
import { publicId } from '../ids.ts'
import type { Alert } from './schema.ts'
import { alertText } from './text.ts'

export type AlertRow = Selectable<Database['alerts']>

/** `resolved`: the cause is gone, whether a person had seen it or not. */
export const statusOf = (row: Pick<AlertRow, 'acknowledged_at' | 'resolved_at'>): Alert['status'] =>
  row.resolved_at !== null ? 'resolved' : row.acknowledged_at !== null ? 'acknowledged' : 'open'

export function showAlert (row: AlertRow, language: 'es' | 'en'): Alert {
  return {
    id: publicId('alert', row.id),
    object: 'alert',
    mode: row.mode as Mode | null,
    status: statusOf(row),
    kind: row.kind,
    severity: row.severity as Alert['severity'],
    message: alertText(row.kind, language),
    subject: row.subject_id,
    detail: row.detail as Record<string, unknown>,
    times: row.times,
    created_at: row.created_at.toISOString(),
    last_at: row.last_at.toISOString(),
    acknowledged_at: row.acknowledged_at?.toISOString() ?? null,
    acknowledged_by: row.acknowledged_by,
    resolved_at: row.resolved_at?.toISOString() ?? null
  }
}
