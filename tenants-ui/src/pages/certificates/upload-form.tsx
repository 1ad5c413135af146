import { Alert, Button, Group, PasswordInput, Radio, Stack, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { Answer } from '../../api/client.ts'
import { fieldError, useChange, useRead } from '../../api/hooks.ts'
import { common } from '../../i18n/common.ts'
import { useFormats } from '../../i18n/format.ts'
import { useTexts } from '../../i18n/language.tsx'
import { Checklist } from '../../ui/checklist.tsx'
import { DaysLeft } from '../../ui/days-left.tsx'
import { FileDrop } from '../../ui/file-drop.tsx'
import { Icon } from '../../ui/icons.tsx'
import { Facts } from '../../ui/page.tsx'
import { ProblemAlert } from '../../ui/problem.tsx'
import { certificates, checkNames } from './texts.ts'

export type Certificate = Answer<'get', '/v1/certificates/{id}'>
export type Report = Certificate['report']

/** Files and passphrase, the pre-flight report as a checklist, and only then: kept. Used by its own page and by the wizard. */
export function CertificateUpload ({ onKept }: { onKept: (certificate: Certificate) => void }) {
  const words = useTexts(certificates)
  const shared = useTexts(common)
  const [files, setFiles] = useState<File[]>([])
  const [passphrase, setPassphrase] = useState('')
  const [label, setLabel] = useState('')
  const look = useChange('post', '/v1/certificates')
  const [when, setWhen] = useState<'now' | 'later'>('now')
  const later = useChange('post', '/v1/certificates/{id}/activate', { invalidates: ['/v1/certificates', '/v1/issuers'], onDone: onKept })
  const keep = useChange('post', '/v1/certificates', {
    invalidates: ['/v1/certificates', '/v1/issuers'],
    onDone: answer => {
      if (answer.object !== 'certificate') return
      // Put off to its own end: it waits until somebody says when.
      if (replaces && when === 'later') later.mutate({ path: { id: answer.id }, body: { at: answer.valid_to } })
      else onKept(answer)
    }
  })
  const report = look.data?.object === 'certificate_report' ? look.data.report : undefined
  const active = useRead('/v1/certificates', { query: { status: 'active', limit: 100 } }, { enabled: report?.ok === true })
  const replaces = active.data?.data.some(({ issuer, holder, kind }) => issuer !== null && kind === report?.kind && holder.tax_id !== null && holder.tax_id === report.holder?.tax_id) === true
  const change = (next: File[]) => {
    setFiles(next)
    look.reset()
    keep.reset()
  }
  const send = (dryRun: boolean) => {
    const form = new FormData()
    for (const file of files) form.set(partOf(file.name), file)
    form.set('passphrase', passphrase)
    if (label.trim() !== '') form.set('label', label.trim())
    if (dryRun) form.set('dry_run', 'true')
    // The document knows the JSON form of it; the files go as they are.
    ;(dryRun ? look : keep).mutate({ body: form } as never)
  }
  return (
    <Stack gap='lg'>
      <FileDrop label={words.drop} hint={words.dropHint} accept='.cer,.crt,.pem,.key,.p12,.pfx' files={files} onChange={change} />
      <form onSubmit={event => {
        event.preventDefault()
        if (!look.isPending) send(true)
      }}
      >
        <Stack gap='md' maw={460}>
          <PasswordInput name='passphrase' label={words.passphrase} description={words.passphraseHelp} autoComplete='off' value={passphrase} onChange={event => { setPassphrase(event.currentTarget.value); look.reset() }} error={fieldError(look.error, 'passphrase')} visibilityToggleButtonProps={{ 'aria-label': `${shared.show}: ${words.passphrase}` }} />
          <Button type='submit' w='fit-content' loading={look.isPending} disabled={files.length === 0} variant={report?.ok === true ? 'default' : 'filled'}>{words.check}</Button>
        </Stack>
      </form>
      {look.isError && <ProblemAlert error={look.error} />}
      {report !== undefined && (
        <Stack gap='md' className='appear' data-report={report.ok ? 'good' : 'bad'}>
          <Alert color={report.ok ? 'teal' : 'red'} icon={<Icon name={report.ok ? 'check' : 'cross'} />} role='status'><Text fw={600} c='var(--mantine-color-text)'>{report.ok ? words.reportGood : words.reportBad}</Text></Alert>
          <ReportView report={report} />
          {report.ok && (
            <>
              <TextInput maw={460} name='label' label={`${words.label} (${shared.optional})`} description={words.labelHelp} value={label} onChange={event => setLabel(event.currentTarget.value)} maxLength={80} />
              {replaces && (
                <Radio.Group label={words.replacesLabel} value={when} onChange={value => setWhen(value as 'now')}>
                  <Stack gap='xs' mt='xs'><Radio value='now' label={words.replacesNow} /><Radio value='later' label={words.replacesLater} /></Stack>
                </Radio.Group>
              )}
              {(keep.isError || later.isError) && <ProblemAlert error={keep.error ?? later.error} />}
              <Group><Button onClick={() => send(false)} loading={keep.isPending || later.isPending} disabled={active.isLoading}>{words.keep}</Button></Group>
            </>
          )}
        </Stack>
      )}
    </Stack>
  )
}

/** Which field of the call a file is, by its name. */
function partOf (name: string): string {
  const ending = name.toLowerCase().split('.').at(-1)
  return ending === 'key' ? 'key' : ending === 'p12' || ending === 'pfx' ? 'p12' : ending === 'pem' ? 'ca' : 'cer'
}

/** What stands in the way is read first. */
const rank = ({ ok, severity }: Report['checks'][number]): number => ok ? 2 : severity === 'error' ? 0 : 1
const worstFirst = (one: Report['checks'][number], other: Report['checks'][number]): number => rank(one) - rank(other)

/** The common name and the organisation of who issued it; the whole name is for programs. */
function shortName (name: string): string {
  const part = (type: string) => new RegExp(`(?:^|,)${type}=((?:\\\\.|[^,])+)`).exec(name)?.[1]?.replaceAll(/\\(.)/g, '$1')
  const known = [part('CN'), part('O')].filter(text => text !== undefined && !text.startsWith('#'))
  return known.length === 0 ? name : [...new Set(known)].join(' · ')
}

/** `validity`: false where a bar of it stands already. */
export function ReportView ({ report, validity = true }: { report: Report, validity?: boolean }) {
  const words = useTexts(certificates)
  const names = useTexts(checkNames) as Record<string, string>
  const { date } = useFormats()
  return (
    <Stack gap='lg'>
      <Facts rows={[
        report.holder !== null && [words.holder, report.holder.name],
        report.holder !== null && [words.taxId, report.holder.tax_id],
        [words.number, report.number ?? report.serial],
        report.issuer !== null && [words.issuerOf, <span key='issuer' title={report.issuer}>{shortName(report.issuer)}</span>],
        validity && report.valid_from !== null && report.valid_to !== null && report.days_left !== null && [words.validity, <DaysLeft key='days' from={report.valid_from} to={report.valid_to} days={report.days_left} />],
        report.valid_from !== null && [words.validFrom, date(report.valid_from)],
        report.key !== null && [words.keyType, `${report.key.algorithm.toUpperCase()}${report.key.bits === null ? '' : ` ${report.key.bits}`}`]
      ]}
      />
      <Checklist items={report.checks.toSorted(worstFirst).map(({ name, ok, severity, detail }) => ({ id: name, state: ok ? 'done' as const : severity === 'error' ? 'failed' as const : severity === 'warning' ? 'warning' as const : 'info' as const, title: names[name] ?? name, detail }))} />
    </Stack>
  )
}
