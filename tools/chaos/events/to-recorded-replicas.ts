import type { Calls, Replica } from '../world/world.ts'
import type { CallerLog } from './make-caller-log.ts'

/** The same replicas, whose direct calls for sign-up and login are written down: so that no event is without a call. */
export function toRecordedReplicas(replicas: readonly Replica[], log: CallerLog): Replica[] {
  return replicas.map((replica) => ({ ...replica, direct: toRecorded(replica.direct, log) }))
}

function toRecorded({ auth, users }: Calls, log: CallerLog): Calls {
  const signUp = {
    kind: 'sign-up of the recovery',
    tells: { OK: 'user_created' },
    certainty: 'each',
  } as const
  const login = {
    kind: 'login of the recovery',
    tells: { OK: 'login_succeeded' },
    certainty: 'each',
  } as const
  return {
    auth: { ...auth, login: (request) => log.begin(login)((options) => auth.login(request, options)) },
    users: {
      ...users,
      createUser: (request) => log.begin(signUp)((options) => users.createUser(request, options)),
    },
  }
}
