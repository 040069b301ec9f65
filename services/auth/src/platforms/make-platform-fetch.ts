import type { CustomFetch } from 'openid-client'
import type { PlatformFetch } from './make-guarded-fetch.ts'
import type { PlatformFacts, PlatformRequest } from './platform-facts.ts'

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
    const response = await fetch(facts.toTokenRequest?.(url, form) ?? standard)
    return facts.toTokenAnswer === undefined ? response : await translate(facts.toTokenAnswer, response)
  }
}

function toHeaders(headers: Record<string, string>, isForm: boolean): Record<string, string> {
  return { ...headers, ...(isForm ? { 'content-type': 'application/x-www-form-urlencoded' } : {}) }
}

async function translate(
  toTokenAnswer: NonNullable<PlatformFacts['toTokenAnswer']>,
  response: Response,
): Promise<Response> {
  const text = await response.text()
  const json = parse(text)
  // What is no JSON is not the platform speaking, but what stands before it.
  if (json === undefined)
    return new Response(text, { status: response.status >= 400 ? response.status : 502 })
  const answer = toTokenAnswer({ status: response.status, json })
  return Response.json(answer.json, { status: answer.status })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
