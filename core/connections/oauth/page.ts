import type { LocalText } from '../../adapter/context.ts'
import { escapeHtml as escape } from '../../escape-html.ts'

/** What the person with the browser reads. Nothing runs, nothing is loaded. */
export interface Page {
  status: number
  title: string
  paragraphs: string[]
  /** The one thing to press. */
  link?: { href: string, text: string }
}

export type Outcome = 'unknown_state' | 'used' | 'expired' | 'other_browser' | 'denied' | 'no_code' | 'refused' | 'unreachable' | 'other_mode' | 'other_account' | 'gone' | 'not_offered' | 'connected'

/** HTTP status, and what happened in the person's words. Of all but the last, nothing was changed. */
export const outcomes: Record<Outcome, { status: number, title: LocalText, text: LocalText }> = {
  unknown_state: { status: 400, title: { es: 'Este enlace no es nuestro', en: 'This link is not ours' }, text: { es: 'No pedimos esta conexión. No se conectó nada. Empiece de nuevo desde el panel.', en: 'We did not ask for this connection. Nothing was connected. Begin again from the console.' } },
  used: { status: 409, title: { es: 'Este enlace ya se usó', en: 'This link was used already' }, text: { es: 'Cada enlace sirve una vez. Nada cambió ahora; mire la conexión en el panel.', en: 'Each link is good once. Nothing changed now; look at the connection in the console.' } },
  expired: { status: 410, title: { es: 'El enlace venció', en: 'The link has expired' }, text: { es: 'Pasó demasiado tiempo. No se conectó nada. Empiece de nuevo desde el panel.', en: 'It took too long. Nothing was connected. Begin again from the console.' } },
  other_browser: { status: 403, title: { es: 'No es el mismo navegador', en: 'Not the same browser' }, text: { es: 'La conexión se empezó en otro navegador. No se conectó nada. Termínela donde la empezó, o empiece de nuevo.', en: 'The connection was begun in another browser. Nothing was connected. Finish it where you began, or begin again.' } },
  denied: { status: 200, title: { es: 'No se dio permiso', en: 'Permission was not given' }, text: { es: 'Usted no dio el permiso. No se conectó nada.', en: 'You did not give permission. Nothing was connected.' } },
  no_code: { status: 400, title: { es: 'La respuesta no está completa', en: 'The answer is not complete' }, text: { es: 'El proveedor no entregó lo necesario. No se conectó nada. Empiece de nuevo.', en: 'The provider did not hand over what is needed. Nothing was connected. Begin again.' } },
  refused: { status: 422, title: { es: 'El proveedor no aceptó', en: 'The provider refused' }, text: { es: 'El proveedor rechazó la conexión. No se conectó nada. Empiece de nuevo; si se repite, avise a soporte.', en: 'The provider refused the connection. Nothing was connected. Begin again; if it happens again, tell support.' } },
  unreachable: { status: 502, title: { es: 'El proveedor no contestó', en: 'The provider did not answer' }, text: { es: 'No se sabe si el proveedor actuó; aquí no se conectó nada. Empiece de nuevo.', en: 'The provider may have acted; nothing was connected here. Begin again.' } },
  other_mode: { status: 422, title: { es: 'Es una cuenta del otro modo', en: 'An account of the other mode' }, text: { es: 'Se pidió otro modo (prueba o real) que el de esta cuenta. No se conectó nada.', en: 'Another mode (test or live) was asked for than that of this account. Nothing was connected.' } },
  other_account: { status: 409, title: { es: 'Es otra cuenta', en: 'It is another account' }, text: { es: 'Esta conexión es de otra cuenta del proveedor y solo se renueva con esa. Nada cambió. Entre allí con la cuenta correcta y empiece de nuevo.', en: 'This connection belongs to another account at the provider, and is renewed with that one only. Nothing changed. Log in there with the right account and begin again.' } },
  gone: { status: 404, title: { es: 'La conexión ya no existe', en: 'The connection is gone' }, text: { es: 'La conexión que se iba a renovar se eliminó. No se conectó nada.', en: 'The connection that was to be renewed was deleted. Nothing was connected.' } },
  not_offered: { status: 422, title: { es: 'No está disponible', en: 'Not available' }, text: { es: 'El operador ya no ofrece conectar así con este proveedor. No se conectó nada.', en: 'The operator no longer offers to connect to this provider this way. Nothing was connected.' } },
  connected: { status: 200, title: { es: 'Cuenta conectada', en: 'Account connected' }, text: { es: 'Ya puede cerrar esta página y volver al panel.', en: 'You can close this page and go back to the console.' } }
}

/** The page's whole policy: it may be looked at and its link pressed. */
export const pagePolicy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

export function renderPage ({ title, paragraphs, link }: Page, language: 'es' | 'en'): string {
  return `<!doctype html>
<html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><title>${escape(title)} · Pasarela</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:3rem auto;padding:0 1rem}h1{font-size:1.5rem;line-height:1.2}a.go{display:inline-block;padding:.7rem 1.2rem;border-radius:.3rem;background:#0055bc;color:#fff;text-decoration:none}:focus-visible{outline:3px solid #ffb000}</style>
</head><body><main><h1>${escape(title)}</h1>
${paragraphs.map(text => `<p>${escape(text)}</p>`).join('\n')}
${link === undefined ? '' : `<p><a class="go" href="${escape(link.href)}" rel="noreferrer">${escape(link.text)}</a></p>`}
</main></body></html>
`
}
