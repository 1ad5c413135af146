import type { FastifyReply } from 'fastify'
import { display } from '../amounts.ts'

/** The frame of every page that a payer sees. Nothing is loaded from elsewhere, and no script runs. */
export function html (reply: FastifyReply, status: number, body: string, title = 'Stripe simulator'): FastifyReply {
  return reply.code(status).header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'").header('cache-control', 'no-store').type('text/html; charset=utf-8').send(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escape(title)}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:28rem;margin:3rem auto;padding:0 1rem;color:#1a1f36}h1{font-size:1.5rem;line-height:1.2}.amount{font-size:2rem;margin:0}
button,.button{display:inline-block;font:inherit;padding:.7rem 1.2rem;margin:.3rem .3rem .3rem 0;border:1px solid #0055bc;border-radius:.3rem;background:#0055bc;color:#fff;cursor:pointer;text-decoration:none}
button.second,.button.second{background:#fff;color:#0055bc}:focus-visible{outline:3px solid #ffb000}table{width:100%;border-collapse:collapse}td{padding:.2rem 0}td:last-child{text-align:right}
label{display:block;margin:.6rem 0}input:not([type=radio]):not([type=checkbox]),select{display:block;width:100%;box-sizing:border-box;font:inherit;padding:.5rem;border:1px solid #697386;border-radius:.3rem}
fieldset{border:1px solid #c1c9d2;border-radius:.3rem;margin:1rem 0}.number{font:1.2rem/1.6 ui-monospace,monospace;word-break:break-all}[role=alert]{border-left:4px solid #c0123c;padding:.4rem .8rem;background:#fde9ee}
.test{font-size:.85rem;background:#fff3d6;padding:.2rem .6rem;border-radius:.3rem;display:inline-block}</style></head><body><main>${body}</main></body></html>`)
}

export function escape (text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;')
}

/** Money as a page writes it. */
export function money (amount: number, currency: string): string {
  return escape(`${display(amount, currency)} ${currency.toUpperCase()}`)
}

export const gone = '<h1>Nothing to do here</h1><p>This page is over, or never existed.</p>'
export const testNote = '<p class="test">Test: this page is a simulator. No money moves.</p>'
