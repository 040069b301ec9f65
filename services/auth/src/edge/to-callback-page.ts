import { createHash } from 'node:crypto'
import type { ErrorReasonName } from '@immersiverse/auth-contract'

/** What came of a connection: the account, or why there is none. */
export type CallbackOutcome =
  | { readonly title: string; readonly username: string }
  | { readonly reason: ErrorReasonName }

const advice: Readonly<Partial<Record<ErrorReasonName, string>>> = Object.freeze({
  PLATFORM_STATE_INVALID: 'This page was opened too late, twice, or in another browser. Begin again.',
  PLATFORM_REFUSED: 'The platform did not allow it, or you declined. Begin again if you did not mean to.',
  PLATFORM_ACCOUNT_TAKEN: 'Another user has connected this account. Disconnect it there first.',
  PLATFORM_UNAVAILABLE: 'The platform does not answer now. Begin again in a few minutes.',
  USER_SUSPENDED: 'Your account here is suspended.',
  USER_NOT_FOUND: 'Your account here is gone.',
})

const style = 'body{font:16px/1.5 system-ui,sans-serif;margin:15vh auto;max-width:32rem;padding:0 1rem}'

/** What a policy may allow of the page: this one style, by its hash (CSP 3 §6.7.3). */
export const callbackStyleHash = `'sha256-${createHash('sha256').update(style).digest('base64')}'`

/** The page as HTML, without scripts; what others have chosen is escaped. No token, code or state stands in it. */
export function toCallbackPage(outcome: CallbackOutcome): string {
  const [title, text] =
    'reason' in outcome
      ? ['Not connected', advice[outcome.reason] ?? 'Something went wrong. Begin again.']
      : ['Connected', `${outcome.title}: ${outcome.username} is connected. You can close this page.`]
  const result = 'reason' in outcome ? outcome.reason : 'CONNECTED'
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${toHtml(title)}</title>
<style>${style}</style>
</head>
<body data-result="${toHtml(result)}">
<h1>${toHtml(title)}</h1>
<p>${toHtml(text)}</p>
</body>
</html>
`
}

const entities: Readonly<Record<string, string>> = Object.freeze({
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
})

function toHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '')
}
