export { openTestAuth, type TestAuth, type TestUser } from './open-test-auth.ts'
export { type AuthProcess, type AuthProcessOptions, startAuthProcess } from './start-auth-process.ts'
export {
  ProcessError,
  type ProcessOptions,
  type ServiceProcess,
  startProcess,
} from './start-process.ts'
export { takeFreePort } from './take-free-port.ts'
