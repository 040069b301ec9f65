export type { GetUserOptions, Users } from './make-users.ts'
