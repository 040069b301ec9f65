import type { Admission } from '../admission.ts'
import type { Principal } from '../principal.ts'
import type { EndCall, LiveCall } from './live-call.ts'
import type { LiveCalls } from './live-calls.ts'

/** A verified request, as the code below a guard sees it. */
export interface RequestScope {
  readonly principal: Principal
  /** Aborted when the caller is revoked before the request is over. Watches the request from the first time it is read. */
  readonly revocationSignal: AbortSignal
  /** Watches a stream that the request has become. Throws AuthError where its caller is revoked already. */
  watch(onEnd: EndCall): LiveCall
  /** Whether something that it watched was ended. */
  readonly isEnded: boolean
  /** The request is over. Idempotent. */
  close(): void
}

/** Makes the scope of a request that was let in; nothing is watched until somebody asks. Whoever makes it closes it. */
export function makeRequestScope(calls: LiveCalls, admission: Admission): RequestScope {
  const open = new Set<LiveCall>()
  let first: LiveCall | undefined
  let isOver = false
  let isEnded = false
  const watch = (onEnd: EndCall): LiveCall => {
    const call = calls.open(admission, (error) => {
      isEnded = true
      onEnd(error)
    })
    first ??= call
    if (isOver) call.close()
    else open.add(call)
    return call
  }
  return {
    principal: admission.principal,
    get revocationSignal() {
      return first?.signal ?? openSignal(watch)
    },
    get isEnded() {
      return isEnded
    },
    watch,
    close() {
      isOver = true
      for (const call of open) call.close()
      open.clear()
    },
  }
}

function openSignal(watch: RequestScope['watch']): AbortSignal {
  try {
    return watch(() => undefined).signal
  } catch (error) {
    return AbortSignal.abort(error)
  }
}
