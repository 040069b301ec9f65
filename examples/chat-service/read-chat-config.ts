/** Where something listens. */
export interface ListenAddress {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
}

/** The settings of the chat service. */
export interface ChatConfig {
  /** `AUTH_ADDRESS`: the authentication service's gRPC listener. */
  readonly authAddress: string
  /** `AUTH_VERIFICATION`: ask about every request, or verify in process and follow revocations. */
  readonly verification: 'remote' | 'local'
  /** `CHAT_HTTP_LISTEN`. */
  readonly http: ListenAddress
  /** `CHAT_GRPC_LISTEN`. */
  readonly grpc: ListenAddress
}

/** Reads the settings from the environment. Throws TypeError naming the variable that does not hold. */
export function readChatConfig(environment: NodeJS.ProcessEnv): ChatConfig {
  return {
    authAddress: environment.AUTH_ADDRESS || '127.0.0.1:50051',
    verification: parseVerification(environment.AUTH_VERIFICATION || 'remote'),
    http: parseListen('CHAT_HTTP_LISTEN', environment.CHAT_HTTP_LISTEN || '127.0.0.1:3000'),
    grpc: parseListen('CHAT_GRPC_LISTEN', environment.CHAT_GRPC_LISTEN || '127.0.0.1:50061'),
  }
}

function parseVerification(text: string): 'remote' | 'local' {
  if (text !== 'remote' && text !== 'local') throw new TypeError('AUTH_VERIFICATION must be remote or local')
  return text
}

function parseListen(name: string, text: string): ListenAddress {
  const [, host, port] = /^([^:\s]+):(\d{1,5})$/.exec(text) ?? []
  if (host === undefined || Number(port) > 65_535) throw new TypeError(`${name} must be host:port`)
  return { host, port: Number(port) }
}
