import { Box, Checkbox, Collapse, Group, NumberInput, PasswordInput, Select, Stack, Text, Textarea, TextInput, UnstyledButton } from '@mantine/core'
import { type ReactNode, useState } from 'react'
import type { Answer, ApiProblem } from '../api/client.ts'
import { fieldError } from '../api/hooks.ts'
import { common } from '../i18n/common.ts'
import { useLanguage, useTexts } from '../i18n/language.tsx'
import { texts } from '../i18n/texts.ts'
import { FileDrop } from './file-drop.tsx'
import { Icon } from './icons.tsx'

export type Provider = Answer<'get', '/v1/providers/{id}'>
export type Values = Record<string, string>
export type Settings = Record<string, string | number | boolean>

const words = texts({
  es: {
    where: 'Dónde está:',
    wrongShape: 'No tiene la forma esperada. Revise que copió todo y nada más.',
    tooShort: 'Es demasiado corto.',
    tooLong: 'Es demasiado largo.',
    missing: 'Falta este dato.',
    trimmed: 'Quitamos los espacios que venían alrededor.',
    settings: 'Ajustes del proveedor',
    settingsHelp: 'Opcionales: déjelos así si no sabe que los necesita.',
    fromFile: 'El archivo se lee aquí y se envía cifrado.',
    keep: 'Déjelo vacío para no cambiarlo.'
  },
  en: {
    where: 'Where it is:',
    wrongShape: 'It does not have the expected shape. Check that you copied all of it and nothing else.',
    tooShort: 'It is too short.',
    tooLong: 'It is too long.',
    missing: 'This is missing.',
    trimmed: 'We removed the spaces around it.',
    settings: 'Settings of the provider',
    settingsHelp: 'Optional: leave them alone unless you know that you need them.',
    fromFile: 'The file is read here and sent encrypted.',
    keep: 'Leave it empty to keep it.'
  }
})

type Field = Provider['credentials']['properties'][string]

/** What is wrong with what was typed, as far as the manifest can say; the server judges. */
export function problemOf (field: Field, value: string, required: boolean): keyof typeof words['es'] | undefined {
  if (value === '') return required ? 'missing' : undefined
  if (field.minLength !== undefined && value.length < field.minLength) return 'tooShort'
  if (value.length > (field.maxLength ?? 20_000)) return 'tooLong'
  if (field.pattern !== undefined && !new RegExp(field.pattern, 'u').test(value)) return 'wrongShape'
  return undefined
}

/** Whether everything that is typed could be right. `present`: credentials that the connection has already. */
export function isComplete ({ credentials }: Provider, values: Values, present: readonly string[] = []): boolean {
  return Object.entries(credentials.properties).every(([name, field]) => problemOf(field, values[name] ?? '', credentials.required.includes(name) && !present.includes(name)) === undefined)
}

/**
 * The credential form of a provider, drawn from its manifest: title, help, where to find it, shape; secrets masked; what is pasted
 * loses the white space around it. A provider that is added tomorrow has its form for nothing.
 */
export function CredentialForm ({ provider, values, onChange, error, present = [], only }: { provider: Provider, values: Values, onChange: (values: Values) => void, error: ApiProblem | null, present?: readonly string[], only?: readonly string[] }) {
  const fields = Object.entries(provider.credentials.properties).filter(([name]) => only === undefined || only.includes(name))
  return (
    <Stack gap='lg'>
      {fields.map(([name, field]) => (
        <CredentialField
          key={name} name={name} field={field} value={values[name] ?? ''} required={provider.credentials.required.includes(name) && !present.includes(name)} present={present.includes(name)}
          said={fieldError(error, `credentials.${name}`)} onChange={value => onChange({ ...values, [name]: value })}
        />
      ))}
    </Stack>
  )
}

function CredentialField ({ name, field, value, required, present, said, onChange }: { name: string, field: Field, value: string, required: boolean, present: boolean, said: string | undefined, onChange: (value: string) => void }) {
  const { language } = useLanguage()
  const shared = useTexts(common)
  const text = useTexts(words)
  const [left, setLeft] = useState(false)
  const problem = problemOf(field, value, required)
  // Nothing is wrong with a field that nobody has left yet.
  const shown = said ?? (left && problem !== undefined ? text[problem] : undefined)
  const props = {
    name,
    label: required || present ? field.title[language] : `${field.title[language]} (${shared.optional})`,
    description: (
      <>
        {field.help[language]}{present && ` ${text.keep}`}
        <br /><Text span inherit fw={600}>{text.where}</Text> {field.where[language]}
      </>
    ),
    placeholder: field.placeholder,
    value,
    error: shown,
    required,
    withAsterisk: false,
    autoComplete: 'off',
    spellCheck: false,
    autoCapitalize: 'off',
    onBlur: () => {
      setLeft(true)
      if (value !== value.trim()) onChange(value.trim())
    }
  }
  const typed = (event: { currentTarget: { value: string } }) => onChange(/^\s|\s$/.test(event.currentTarget.value) && Math.abs(event.currentTarget.value.length - value.length) > 1 ? event.currentTarget.value.trim() : event.currentTarget.value)
  if (isFile(field)) return <FileField {...props} field={field} onChange={onChange} />
  if (field.secret) return <PasswordInput {...props} autoComplete='new-password' onChange={typed} visibilityToggleButtonProps={{ 'aria-label': `${shared.show}: ${field.title[language]}` }} />
  if ((field.maxLength ?? 0) > 1000 || field.pattern?.includes('BEGIN') === true) return <Textarea {...props} autosize minRows={3} maxRows={8} onChange={typed} />
  return <TextInput {...props} onChange={typed} />
}

/** Base64 of a file: nobody types that. */
const isFile = ({ kind, pattern }: Field): boolean => kind !== 'text' || pattern?.startsWith('^[A-Za-z0-9+/=]{1000') === true

function FileField ({ name, label, description, error, field, onChange }: { name: string, label: string, description: ReactNode, error: string | undefined, field: Field, onChange: (value: string) => void }) {
  const text = useTexts(words)
  const [files, setFiles] = useState<File[]>([])
  return (
    <FileDrop
      name={name} label={label} hint={<>{description}<br />{text.fromFile}</>} files={files} multiple={false} {...(error !== undefined && { error })}
      {...(field.kind === 'p12' ? { accept: '.p12,.pfx' } : field.kind === 'cer+key' ? { accept: '.cer,.key' } : {})}
      onChange={chosen => {
        setFiles(chosen)
        const [file] = chosen
        if (file === undefined) onChange('')
        else void file.arrayBuffer().then(bytes => onChange(btoa(Array.from(new Uint8Array(bytes), byte => String.fromCharCode(byte)).join(''))))
      }}
    />
  )
}

/** The settings of a connection, drawn from the manifest; only what differs from the default is kept in `values`. */
export function SettingsForm ({ provider, values, onChange, error }: { provider: Provider, values: Settings, onChange: (values: Settings) => void, error: ApiProblem | null }) {
  const { language } = useLanguage()
  const entries = Object.entries(provider.settings.properties)
  return (
    <Stack gap='md'>
      {entries.map(([name, setting]) => {
        const value = values[name] ?? setting.default
        const props = { name: `setting-${name}`, label: setting.description[language], description: <span className='mono'>{name}</span>, error: fieldError(error, `settings.${name}`) }
        const set = (next: string | number | boolean) => {
          const { [name]: before, ...rest } = values
          onChange(next === setting.default ? rest : { ...rest, [name]: next })
        }
        if (setting.type === 'boolean') return <Checkbox key={name} {...props} checked={value === true} onChange={event => set(event.currentTarget.checked)} />
        if (setting.enum !== undefined) return <Select key={name} {...props} data={setting.enum} value={String(value)} onChange={next => set(next ?? setting.default)} allowDeselect={false} />
        if (setting.type === 'integer') return <NumberInput key={name} {...props} value={value as number} min={setting.minimum} max={setting.maximum} allowDecimal={false} onChange={next => set(typeof next === 'number' ? next : Number(setting.default))} />
        return <TextInput key={name} {...props} value={String(value)} onChange={event => set(event.currentTarget.value)} />
      })}
    </Stack>
  )
}

/** The same, folded away: most people need none of them. */
export function FoldedSettings (props: Parameters<typeof SettingsForm>[0]) {
  const text = useTexts(words)
  const [open, setOpen] = useState(false)
  if (Object.keys(props.provider.settings.properties).length === 0) return null
  return (
    <Box>
      <UnstyledButton onClick={() => setOpen(!open)} aria-expanded={open}><Group gap={6}><Icon name={open ? 'down' : 'right'} size={16} /><Text size='sm' fw={550}>{text.settings}</Text></Group></UnstyledButton>
      <Text size='xs' c='dimmed' ml={22}>{text.settingsHelp}</Text>
      <Collapse expanded={open}><Box pt='md' pl={22}><SettingsForm {...props} /></Box></Collapse>
    </Box>
  )
}

/** How to prepare at the provider, in its own words. */
export function SetupSteps ({ steps }: { steps: readonly { es: string, en: string }[] }) {
  const { language } = useLanguage()
  if (steps.length === 0) return null
  return (
    <Box component='ol' m={0} pl={20}>
      {steps.map(step => <Text component='li' key={step.en} size='sm' mb={6}>{step[language]}</Text>)}
    </Box>
  )
}
