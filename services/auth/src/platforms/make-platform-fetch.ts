import type { CustomFetch } from 'openid-client'
import type { PlatformFetch } from './make-guarded-fetch.ts'
import type { PlatformFacts, PlatformRequest } from './platform-facts.ts'
import { parseJson } from './read-json.ts'

/** Makes the fetch that openid-client uses for one platform: it speaks the standards, and what is particular about the platform is put in between. */
export function makePlatformFetch(facts: PlatformFacts, fetch: PlatformFetch): CustomFetch {
  return async (url, { method, headers, body }) => {
    const form = new URLSearchParams(body instanceof URLSearchParams ? body : undefined)
    if (url !== facts.tokenUrl) {
      const isForm = method === 'POST'
      return await fetch({
        method: isForm ? 'POST' : 'GET',
        url,
        headers: toHeaders(headers, isForm),
        body: isForm ? form.toString() : undefined,
      })
    }
    const standard: PlatformRequest = {
      method: 'POST',
      url,
      headers: toHeaders(headers, true),
      body: form.toString(),
    }
    return await translate(facts, await fetch(facts.toTokenRequest?.(url, form) ?? standard))
  }
}

function toHeaders(headers: Record<string, string>, isForm: boolean): Record<string, string> {
  return { ...headers, ...(isForm ? { 'content-type': 'application/x-www-form-urlencoded' } : {}) }
}

/** An answer of the token endpoint as openid-client reads it. */
async function translate({ toTokenAnswer }: PlatformFacts, response: Response): Promise<Response> {
  const text = await response.text()
  const formError = findFormError(response, text)
  const json = formError ?? parseJson(text)
  // What is no JSON is not the platform speaking, but what stands before it.
  if (json === undefined) {
    return new Response(text, { status: response.status >= 400 ? response.status : 502 })
  }
  const status = formError !== undefined && response.status < 400 ? 400 : response.status
  const answer = toTokenAnswer?.({ status, json }) ?? { status, json }
  return Response.json(answer.json, { status: answer.status })
}

/** Some platforms say errors in the form that requests have, with status 200 even. */
function findFormError(response: Response, text: string): { readonly error: string } | undefined {
  if (!response.headers.get('content-type')?.startsWith('application/x-www-form-urlencoded')) return undefined
  const error = new URLSearchParams(text).get('error')
  return error ? { error } : undefined
}
