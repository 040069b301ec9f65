/** An HTTP answer with its JSON. */
export interface JsonAnswer<T> {
  readonly status: number
  readonly body: T
}

/** What a call carries. */
export interface JsonCall {
  readonly token?: string
  readonly body?: object
}

/** Sends a POST with JSON and reads the answer's; the caller says what it looks like and asserts what matters. */
export async function callJson<T>(url: string, { token, body = {} }: JsonCall): Promise<JsonAnswer<T>> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  })
  return { status: response.status, body: (await response.json()) as T }
}
